import { EventEmitter } from 'node:events'
import type { WorkerOptions } from 'node:worker_threads'
import { dataStart, words, type ThreadMessage, type WorkerKey } from '../../src/pool/batch.ts'

/** The threads that were started, in order. */
export const threads: FakeWorker[] = []

/** How many more threads can be started. */
export const limit: { threads: number } = { threads: Infinity }

/** A batch that was sent. */
interface FakeBatch {
  /** The memory that it is in. */
  readonly memory: SharedArrayBuffer
  /** The number of its key. */
  readonly key: number
  /** The first byte of each input. */
  readonly inputs: readonly number[]
}

/**
 * In place of a thread: it runs, answers and ends when the test says so. The signature of each input is 64 times its first byte, as a
 * signature of Ed25519 has 64 bytes.
 */
export class FakeWorker extends EventEmitter {
  readonly source: unknown
  readonly options: WorkerOptions | undefined
  readonly batches: FakeBatch[] = []
  /** The keys that it has, by their numbers. */
  readonly keys: Map<number, WorkerKey> = new Map()
  /** The memories that it has, by their numbers. */
  readonly memories: Map<number, SharedArrayBuffer> = new Map()
  /** Whether it keeps the process running. */
  isReferenced = true
  #answered = 0
  #hasEnded = false

  constructor(source: unknown, options?: WorkerOptions) {
    super()
    if (limit.threads === 0) throw new Error('EAGAIN')
    limit.threads--
    this.source = source
    this.options = options
    threads.push(this)
  }

  ref(): void {
    this.isReferenced = true
  }

  unref(): void {
    this.isReferenced = false
  }

  postMessage(message: ThreadMessage): void {
    if (typeof message === 'number') this.batches.push(this.#read(message))
    else if ('add' in message) this.keys.set(message.add, message.key)
    else if ('forget' in message) this.keys.delete(message.forget)
    else this.memories.set(message.share, message.memory)
  }

  #read(number: number): FakeBatch {
    const memory = this.memories.get(number)
    if (memory === undefined) throw new Error('the thread does not have the memory')
    const all = new Uint32Array(memory)
    const key = all[words.key] ?? 0
    if (!this.keys.has(key)) throw new Error('the thread does not have the key')
    let offset = dataStart
    const lengths = all.subarray(words.lengths, words.lengths + (all[words.count] ?? 0))
    const inputs = Array.from(lengths, (length) => {
      const first = new Uint8Array(memory)[offset] ?? -1
      offset += length
      return first
    })
    return { memory, key, inputs }
  }

  async terminate(): Promise<void> {
    this.end()
  }

  /** The first bytes of the inputs of each batch. */
  get inputs(): readonly (readonly number[])[] {
    return this.batches.map(({ inputs }) => inputs)
  }

  /** The number of the key of each batch. */
  get signedWith(): readonly number[] {
    return this.batches.map(({ key }) => key)
  }

  run(): void {
    this.emit('online')
  }

  /** Answers the first batch without an answer, if there is one, as if it had taken that many milliseconds. */
  answer(duration = 1): void {
    const batch = this.batches[this.#answered]
    if (batch === undefined || this.#hasEnded) return
    this.#answered++
    const start = new Uint32Array(batch.memory)[words.results] ?? 0
    const bytes = new Uint8Array(batch.memory)
    batch.inputs.forEach((first, index) => {
      bytes.fill(first, start + 64 * index, start + 64 * (index + 1))
    })
    this.emit('message', duration)
  }

  /** Answers that it could not sign. */
  fail(error: unknown): void {
    this.#answered++
    this.emit('message', { error })
  }

  /** Ends, because of an error if one is given. */
  end(error?: Error): void {
    if (this.#hasEnded) return
    this.#hasEnded = true
    if (error !== undefined) this.emit('error', error)
    this.emit('exit', 1)
  }
}
