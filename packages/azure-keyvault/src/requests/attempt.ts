import { onAbort } from '@sealwright/core/internal'

/** One attempt's end: it aborts with the whole request, or when it has taken the time allowed. */
export class AttemptTimer {
  readonly #controller = new AbortController()
  readonly #stopListening: () => void
  #timer: NodeJS.Timeout | undefined
  #isOver = false

  /**
   * @param whole aborts when the request ends; not aborted yet
   * @param allowed the milliseconds that the attempt may take in all. It is asked again when they are over, because other
   *   answers may have shown by then that the vault is slow and not silent. null while nothing but `whole` ends it
   */
  constructor(whole: AbortSignal, allowed: () => number | null) {
    const startedAt = performance.now()
    this.#stopListening = onAbort(whole, () => this.#controller.abort(whole.reason))
    const check = (): void => {
      const limit = allowed()
      if (limit === null) return
      const left = limit - (performance.now() - startedAt)
      if (left > 0) this.#timer = setTimeout(check, Math.ceil(left))
      else {
        this.#isOver = true
        this.#controller.abort()
      }
    }
    check()
  }

  /** Ends what the attempt is doing. */
  get signal(): AbortSignal {
    return this.#controller.signal
  }

  /** Whether the attempt took too long. */
  get isOver(): boolean {
    return this.#isOver
  }

  /** To be called when the attempt has ended. */
  clear(): void {
    clearTimeout(this.#timer)
    this.#stopListening()
  }
}
