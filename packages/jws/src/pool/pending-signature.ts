import { onAbort } from '@sealwright/core/internal'

/** A signature, or a token with one, that was requested and is not made yet. */
export class PendingSignature {
  /** What is signed: a copy, so that the caller may overwrite its own at once. Or the payload of a token, as text. */
  readonly data: Uint8Array | string
  /** Empty for a signature. For a token what it begins with: the encoded header and a dot. */
  readonly prefix: string
  /** Whether a thread has it. */
  isSent = false
  /** How many threads died with it, or instead of starting for it. */
  deaths = 0
  #isAborted = false
  readonly #resolve: (bytes: Buffer, start: number, end: number) => void
  readonly #reject: (reason: unknown) => void
  #stopListening: (() => void) | null = null

  /** @param resolve takes the result from that place; the bytes change after it returns */
  constructor(
    data: Uint8Array | string,
    prefix: string,
    resolve: (bytes: Buffer, start: number, end: number) => void,
    reject: (reason: unknown) => void,
  ) {
    this.data = typeof data === 'string' ? data : Buffer.from(data)
    this.prefix = prefix
    this.#resolve = resolve
    this.#reject = reject
  }

  /** Whether the caller still waits for it. */
  get isWanted(): boolean {
    return !this.#isAborted
  }

  /** On an abort, rejects with the signal's reason and then calls `onAborted`. */
  abortOn(signal: AbortSignal, onAborted: (signature: PendingSignature) => void): void {
    this.#stopListening = onAbort(signal, () => {
      this.#isAborted = true
      this.reject(signal.reason)
      onAborted(this)
    })
  }

  resolve(bytes: Buffer, start: number, end: number): void {
    this.#stopListening?.()
    this.#resolve(bytes, start, end)
  }

  reject(reason: unknown): void {
    this.#stopListening?.()
    this.#reject(reason)
  }
}
