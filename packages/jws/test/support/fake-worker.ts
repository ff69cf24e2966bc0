import { EventEmitter } from 'node:events'
import type { WorkerOptions } from 'node:worker_threads'
import type { Batch, ThreadMessage, WorkerKey } from '../../src/pool/batch.ts'

/** The threads that were started, in order. */
export const threads: FakeWorker[] = []

/** How many more threads can be started. */
export const limit: { threads: number } = { threads: Infinity }

/**
 * In place of a thread: it runs, answers and ends when the test says so. The signature of each input is 64 times its first byte, as a
 * signature of Ed25519 has 64 bytes.
 */
export class FakeWorker extends EventEmitter {
  readonly source: unknown
  readonly options: WorkerOptions | undefined
  readonly batches: Batch[] = []
  readonly transferred: unknown[] = []
  /** The keys that it has, by their numbers. */
  readonly keys: Map<number, WorkerKey> = new Map()
  /** The number of the key of each batch. */
  readonly signedWith: number[] = []
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

  postMessage(message: ThreadMessage, transferred: unknown): void {
    if ('add' in message) this.keys.set(message.add, message.key)
    else if ('forget' in message) this.keys.delete(message.forget)
    else {
      const { sign, ...batch } = message
      if (!this.keys.has(sign)) throw new Error('the thread does not have the key')
      this.batches.push(batch)
      this.signedWith.push(sign)
      this.transferred.push(transferred)
    }
  }

  async terminate(): Promise<void> {
    this.end()
  }

  /** The first bytes of the inputs of each batch. */
  get inputs(): readonly (readonly number[])[] {
    return this.batches.map(({ data, lengths }) => {
      let offset = 0
      return Array.from(lengths, (length) => {
        const first = data[offset] ?? -1
        offset += length
        return first
      })
    })
  }

  run(): void {
    this.emit('online')
  }

  /** Answers the first batch without an answer, if there is one, as if it had taken that many milliseconds. */
  answer(duration = 1): void {
    const inputs = this.inputs[this.#answered]
    if (inputs === undefined || this.#hasEnded) return
    this.#answered++
    const signatures = new Uint8Array(64 * inputs.length)
    inputs.forEach((first, index) => signatures.fill(first, 64 * index, 64 * (index + 1)))
    const lengths = new Uint32Array(inputs.length).fill(64)
    this.emit('message', { signatures, lengths, duration })
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
