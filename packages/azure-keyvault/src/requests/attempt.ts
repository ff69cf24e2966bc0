import { onAbort } from '@sealwright/core/internal'

/** The time limit of one attempt. It aborts with the whole request, or when the allowed time is over. */
export class AttemptTimer {
  readonly #controller = new AbortController()
  readonly #stopListening: () => void
  #timer: NodeJS.Timeout | undefined
  #isOver = false

  /**
   * @param whole aborts when the request ends; not aborted yet
   * @param allowed returns the milliseconds that the whole attempt may take; null while only `whole` ends it. It is
   *   called again when they are over: other answers may have shown by then that the vault is slow, not silent
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

  /** Call this when the attempt has ended. */
  clear(): void {
    clearTimeout(this.#timer)
    this.#stopListening()
  }
}
