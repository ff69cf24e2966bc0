import { Worker } from 'node:worker_threads'
import { packBatch, workerSource, type BatchResult, type WorkerKey } from './batch.ts'
import type { PendingSignature } from './pending-signature.ts'

/** One batch that the thread signs, and a second one to start with while the pool reads the answer to the first. */
const maximumBatches = 2

/** The events of a thread. */
export interface ThreadEvents {
  /** The thread runs and takes batches. */
  online(): void
  /** The thread has answered a batch. */
  answered(batch: readonly PendingSignature[], result: BatchResult): void
  /** The thread has ended. `cause` is the error that ended it; undefined if there was none. */
  ended(thread: SigningThread, cause: unknown): void
}

/** One thread of a pool, and the batches it has not answered yet. */
export class SigningThread {
  readonly #worker: Worker
  readonly #batches: (readonly PendingSignature[])[] = []
  #isOnline = false

  /** @throws Error where Node cannot start a thread */
  constructor(key: WorkerKey, events: ThreadEvents) {
    // A thread that signs needs neither the flags nor the environment of the process.
    this.#worker = new Worker(workerSource, {
      eval: true,
      name: 'sealwright-signing',
      execArgv: [],
      env: {},
      workerData: key,
    })
    this.#worker.on('online', () => {
      this.#isOnline = true
      this.#worker.unref()
      events.online()
    })
    this.#worker.on('message', (result: BatchResult) => {
      const batch = this.#batches.shift() ?? []
      if (this.#batches.length === 0) this.#worker.unref()
      events.answered(batch, result)
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

  /** The signatures that it was sent and has not answered, in order. */
  get unanswered(): readonly PendingSignature[] {
    return this.#batches.flat()
  }

  send(batch: readonly PendingSignature[]): void {
    for (const signature of batch) signature.isSent = true
    const message = packBatch(batch)
    // Only a thread with something to do keeps the process running.
    if (this.#batches.length === 0) this.#worker.ref()
    this.#batches.push(batch)
    this.#worker.postMessage(message, [message.data.buffer, message.lengths.buffer])
  }

  async end(): Promise<void> {
    await this.#worker.terminate()
  }
}
