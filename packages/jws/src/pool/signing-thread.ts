import { Worker } from 'node:worker_threads'
import { BatchMemory, sizeOf, type BatchResult, type ThreadMessage } from './batch.ts'
import type { PendingSignature } from './pending-signature.ts'
import type { PooledKey } from './pooled-key.ts'
import { threadProgram } from './thread-program.ts'

/** One batch that the thread signs, and a second one to start with while the answer to the first is read. */
const maximumBatches = 2

/** The least memory for a batch, and the most that is kept after one, in bytes. */
const [leastMemory, mostMemory] = [64 * 1024, 1024 * 1024]

/** Signatures with one key that are made together. */
export interface Batch {
  readonly key: PooledKey
  readonly signatures: readonly PendingSignature[]
}

/** A {@link Batch} that a thread has. */
export interface SentBatch extends Batch {
  readonly memory: BatchMemory
}

/** The events of a thread. */
export interface ThreadEvents {
  /** The thread runs and takes batches. */
  online(): void
  /** The thread has answered a batch. */
  answered(batch: SentBatch, result: BatchResult): void
  /** The thread has ended. `cause` is the error that ended it; undefined if there was none. */
  ended(thread: SigningThread, cause: unknown): void
}

/** One thread, the keys it has, and the batches it has not answered yet. */
export class SigningThread {
  readonly #worker: Worker
  readonly #keys = new Set<PooledKey>()
  /** The batches are in them by turns. */
  readonly #memories: BatchMemory[] = []
  readonly #batches: SentBatch[] = []
  #sent = 0
  #isOnline = false

  /** @throws Error where Node cannot start a thread */
  constructor(events: ThreadEvents) {
    // A thread that signs needs neither the flags nor the environment of the process.
    this.#worker = new Worker(threadProgram, {
      eval: true,
      name: 'sealwright-signing',
      execArgv: [],
      env: {},
    })
    this.#worker.on('online', () => {
      this.#isOnline = true
      this.#worker.unref()
      events.online()
    })
    this.#worker.on('message', (result: BatchResult) => {
      const batch = this.#batches.shift()
      if (this.#batches.length === 0) this.#worker.unref()
      if (batch !== undefined) events.answered(batch, result)
    })
    // An exit follows each error.
    let cause: unknown
    this.#worker.on('error', (error) => (cause = error))
    this.#worker.on('exit', () => events.ended(this, cause))
  }

  get isOnline(): boolean {
    return this.#isOnline
  }

  /** How many batches it has. */
  get load(): number {
    return this.#batches.length
  }

  /** How many more batches it takes now. */
  get free(): number {
    return this.#isOnline ? maximumBatches - this.#batches.length : 0
  }

  /** The batches that it was sent and has not answered, in order. It signs the first one. */
  get unanswered(): readonly SentBatch[] {
    return this.#batches
  }

  /** @throws RangeError if there is no memory for the batch; the thread is as it was */
  send({ key, signatures }: Batch): void {
    const turn = this.#sent % maximumBatches
    const memory = this.#memoryFor(turn, sizeOf(signatures, key.workerKey))
    this.#sent++
    for (const signature of signatures) signature.isSent = true
    if (!this.#keys.has(key)) {
      this.#keys.add(key)
      this.#post({ add: key.number, key: key.workerKey })
    }
    memory.write(key.number, signatures)
    // Only a thread with something to do keeps the process running.
    if (this.#batches.length === 0) this.#worker.ref()
    this.#batches.push({ key, signatures, memory })
    this.#post(turn)
  }

  /** The memory whose turn it is. It is replaced when it is too small, and after an unusually large batch. */
  #memoryFor(turn: number, size: number): BatchMemory {
    const known = this.#memories[turn]
    const wanted =
      size > mostMemory ? 4 * Math.ceil(size / 4) : Math.max(leastMemory, 2 ** Math.ceil(Math.log2(size)))
    const kept = known?.shared.byteLength ?? 0
    if (known !== undefined && wanted <= kept && kept <= Math.max(wanted, mostMemory)) return known
    const memory = new BatchMemory(wanted)
    this.#memories[turn] = memory
    this.#post({ share: turn, memory: memory.shared })
    return memory
  }

  /** Removes the key from the thread. */
  forget(key: PooledKey): void {
    if (this.#keys.delete(key)) this.#post({ forget: key.number })
  }

  async end(): Promise<void> {
    await this.#worker.terminate()
  }

  #post(message: ThreadMessage): void {
    this.#worker.postMessage(message, [])
  }
}
