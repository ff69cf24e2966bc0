import type { SealwrightError } from '@sealwright/core'
import { stuck, tooMany, unwritable } from './failures.ts'

export interface BatchesOptions {
  /** Writes some lines, all or none. One call is in progress at a time. */
  readonly write: (lines: readonly string[]) => Promise<void>
  /** The file, for messages. */
  readonly path: () => string
  /** The first failed or late write after successful ones. */
  readonly onFailed: (error: SealwrightError) => void
  /** The first successful write after failed ones. */
  readonly onRecovered: () => void
}

/** Milliseconds that a write may take. Callers that wait longer are refused. */
const writeDeadline = 3000
/** Milliseconds from a failed write to the next attempt. */
const retryDelay = 1000
/** How many lines may wait: a few megabytes. */
const maximumWaiting = 10_000

/** Some lines, and the promise that they are written. */
class Batch {
  readonly lines: string[] = []
  /** After all others. */
  last: string | null = null
  readonly promise: Promise<void>
  resolve!: () => void
  reject!: (error: unknown) => void

  constructor() {
    this.promise = new Promise<void>((resolve, reject) => {
      this.resolve = resolve
      this.reject = reject
    })
    // A caller that does not wait must not end the process.
    this.promise.catch(() => undefined)
  }
}

/** Collects lines while others are being written, and writes them as one batch (group commit). All of a batch share one promise. */
export class Batches {
  readonly #options: BatchesOptions
  #next: Batch | null = null
  #isWriting = false
  /** What is being written. */
  #current: Batch | null = null
  /** The write in progress is late. */
  #isLate = false
  /** For the write in progress. It is started again for the next one, which costs less than a new one. */
  #deadline: NodeJS.Timeout | null = null
  #failure: { readonly error: SealwrightError; readonly retryAt: number } | null = null

  constructor(options: BatchesOptions) {
    this.#options = options
  }

  /** @throws SealwrightError `UNAVAILABLE` while nothing can be written */
  assertWritable(): void {
    if (this.#isLate) throw stuck(this.#options.path())
    if (this.#failure !== null && performance.now() < this.#failure.retryAt) throw this.#failure.error
    if (this.#next !== null && this.#next.lines.length >= maximumWaiting) throw tooMany(maximumWaiting)
  }

  /** Whether the last write succeeded. */
  get isWritable(): boolean {
    return this.#failure === null
  }

  /** Resolves when the line is written. */
  add(line: string): Promise<void> {
    const batch = this.#batch()
    batch.lines.push(line)
    return batch.promise
  }

  /** As {@link add}, at the end of the batch, where the line gets a chain value. One call at a time. */
  addLast(line: string): Promise<void> {
    const batch = this.#batch()
    batch.last = line
    return batch.promise
  }

  #batch(): Batch {
    if (this.#next === null) {
      this.#next = new Batch()
      if (!this.#isWriting) this.#writeSoon()
    }
    return this.#next
  }

  /**
   * In the next turn of the event loop: tokens that are signed in this turn share a write, and a caller that records
   * line after line does not block the loop.
   */
  #writeSoon(): void {
    this.#isWriting = true
    setImmediate(() => void this.#writeNext())
  }

  async #writeNext(): Promise<void> {
    const batch = this.#next
    this.#next = null
    if (batch !== null) await this.#write(batch)
    this.#isWriting = false
    if (this.#next !== null) this.#writeSoon()
  }

  async #write(batch: Batch): Promise<void> {
    this.#current = batch
    this.#deadline = this.#deadline?.refresh() ?? setTimeout(() => this.#onDeadline(), writeDeadline).unref()
    try {
      await this.#options.write(batch.last === null ? batch.lines : [...batch.lines, batch.last])
      batch.resolve()
      if (this.#failure !== null) {
        this.#failure = null
        this.#options.onRecovered()
      }
    } catch (cause) {
      this.#fail(batch, unwritable(this.#options.path(), cause))
    } finally {
      this.#current = null
      this.#isLate = false
    }
  }

  /** Those that wait are refused as well: they would wait for a write that fails in the same way. */
  #fail(batch: Batch, error: SealwrightError): void {
    const isFirst = this.#failure === null
    this.#failure = { error, retryAt: performance.now() + retryDelay }
    batch.reject(error)
    this.#next?.reject(error)
    this.#next = null
    if (isFirst) this.#options.onFailed(error)
  }

  #onDeadline(): void {
    this.#deadline = null
    if (this.#current === null) return
    // The write may still succeed. Then there are lines of tokens that were not issued.
    this.#isLate = true
    this.#fail(this.#current, stuck(this.#options.path()))
  }
}
