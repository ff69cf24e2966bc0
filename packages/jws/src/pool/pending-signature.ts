import { onAbort } from '@sealwright/core/internal'

/** A signature that was requested and is not made yet. */
export class PendingSignature {
  /** A copy of the signing input, so that the caller may overwrite its own at once. */
  readonly data: Uint8Array
  /** Whether a thread has it. */
  isSent = false
  /** How many threads died with it, or instead of starting for it. */
  deaths = 0
  #isAborted = false
  readonly #resolve: (signature: Uint8Array) => void
  readonly #reject: (reason: unknown) => void
  #stopListening: (() => void) | null = null

  constructor(data: Uint8Array, resolve: (signature: Uint8Array) => void, reject: (reason: unknown) => void) {
    this.data = Buffer.from(data)
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

  resolve(signature: Uint8Array): void {
    this.#stopListening?.()
    this.#resolve(signature)
  }

  reject(reason: unknown): void {
    this.#stopListening?.()
    this.#reject(reason)
  }
}
