import { Worker } from 'node:worker_threads'
import { packBatch, workerSource, type BatchResult, type ThreadMessage } from './batch.ts'
import type { PooledKey } from './pooled-key.ts'
import type { PendingSignature } from './pending-signature.ts'

/** One batch that the thread signs, and a second one to start with while the answer to the first is read. */
const maximumBatches = 2

/** Signatures with one key that a thread was sent together. */
export interface SentBatch {
  readonly key: PooledKey
  readonly signatures: readonly PendingSignature[]
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
  readonly #batches: SentBatch[] = []
  #isOnline = false

  /** @throws Error where Node cannot start a thread */
  constructor(events: ThreadEvents) {
    // A thread that signs needs neither the flags nor the environment of the process.
    this.#worker = new Worker(workerSource, {
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

  send(batch: SentBatch): void {
    const { key, signatures } = batch
    for (const signature of signatures) signature.isSent = true
    if (!this.#keys.has(key)) {
      this.#keys.add(key)
      this.#post({ add: key.number, key: key.workerKey }, [])
    }
    const { data, lengths } = packBatch(signatures)
    // Only a thread with something to do keeps the process running.
    if (this.#batches.length === 0) this.#worker.ref()
    this.#batches.push(batch)
    this.#post({ sign: key.number, data, lengths }, [data.buffer, lengths.buffer])
  }

  /** Takes the key away from the thread. */
  forget(key: PooledKey): void {
    if (this.#keys.delete(key)) this.#post({ forget: key.number }, [])
  }

  async end(): Promise<void> {
    await this.#worker.terminate()
  }

  #post(message: ThreadMessage, transferred: readonly ArrayBuffer[]): void {
    this.#worker.postMessage(message, transferred)
  }
}
