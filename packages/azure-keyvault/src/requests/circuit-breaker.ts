import type { BreakerState } from './vault-status.ts'

/** When the breaker opens and for how long. All in milliseconds of a monotonic clock. */
export interface CircuitBreakerOptions {
  /** Failures in a row, with no success between. */
  readonly failures: number
  /** The least time from the first of them to the last: one burst of errors is not an outage. */
  readonly failingFor: number
  /** How long an open breaker lets nothing through before it tries one request. */
  readonly coolDown: number
}

/** Permission to send one request. The holder reports the outcome once. */
export interface Admission {
  /** The vault answered. */
  succeeded(): void
  /** The vault did not answer, or is out of order. */
  failed(now: number): void
  /** The request ended for other reasons and says nothing about the vault. */
  abandoned(): void
}

/**
 * Stops asking a vault that does not answer. Callers get an error at once instead of after their deadline. After the
 * cool-down one request is let through; its success closes the breaker, its failure starts another cool-down.
 */
export class CircuitBreaker {
  readonly #options: CircuitBreakerOptions
  #failures = 0
  #failingSince = 0
  /** null while closed. */
  #openUntil: number | null = null
  #probing = false
  #openings = 0

  constructor(options: CircuitBreakerOptions) {
    this.#options = options
  }

  /** How often it has opened; a failed probe does not count. */
  get openings(): number {
    return this.#openings
  }

  stateAt(now: number): BreakerState {
    if (this.#openUntil === null) return 'closed'
    return now < this.#openUntil ? 'open' : 'half-open'
  }

  /** @returns milliseconds for which nothing should be sent; 0 if a request may be sent */
  openFor(now: number): number {
    if (this.#openUntil === null) return 0
    if (now < this.#openUntil) return this.#openUntil - now
    return this.#probing ? this.#options.coolDown : 0
  }

  /** @returns permission to send one request now, or the milliseconds after which to ask again */
  acquire(now: number): Admission | number {
    const wait = this.openFor(now)
    if (wait > 0) return wait
    const isProbe = this.#openUntil !== null
    if (isProbe) this.#probing = true
    return this.#admission(isProbe)
  }

  #admission(isProbe: boolean): Admission {
    return {
      succeeded: () => {
        this.#failures = 0
        this.#openUntil = null
        this.#probing = false
      },
      failed: (now) => {
        if (this.#failures === 0) this.#failingSince = now
        this.#failures++
        const isOutage =
          this.#failures >= this.#options.failures && now - this.#failingSince >= this.#options.failingFor
        const isOpen = this.#openUntil !== null
        if (isOutage && !isOpen) this.#openings++
        // Requests that were in flight when it opened do not keep it open for longer, nor does a probe open it again after the answer to
        // one of them has closed it.
        if (isOpen ? isProbe : isOutage) this.#openUntil = now + this.#options.coolDown
        if (isProbe) this.#probing = false
      },
      abandoned: () => {
        if (isProbe) this.#probing = false
      },
    }
  }
}
