import { SealwrightError } from '@sealwright/core'
import type { QuotaBudget } from './quota-budget.ts'
import { reasonOf } from './timing.ts'

interface Waiter {
  readonly units: number
  readonly admit: () => void
}

/**
 * The one door to a vault. Requests pass it in the order they came, no more at a time than the cap, and none before the
 * quota has room for it.
 */
export class RequestQueue {
  readonly #budget: QuotaBudget
  readonly #maxInFlight: number
  readonly #maxQueued: number
  // A Set keeps insertion order and forgets an aborted waiter in constant time.
  readonly #waiting = new Set<Waiter>()
  #inFlight = 0
  #timer: NodeJS.Timeout | undefined

  constructor(budget: QuotaBudget, options: { readonly maxInFlight: number; readonly maxQueued: number }) {
    this.#budget = budget
    this.#maxInFlight = options.maxInFlight
    this.#maxQueued = options.maxQueued
  }

  /**
   * Waits for a turn.
   *
   * @param units what the request costs of the quota
   * @returns what must be called once when the request is over
   * @throws SealwrightError `UNAVAILABLE` when too many wait already; the signal's reason when it aborts
   */
  async enter(units: number, signal: AbortSignal): Promise<() => void> {
    signal.throwIfAborted()
    if (this.#waiting.size >= this.#maxQueued) {
      throw new SealwrightError(
        'UNAVAILABLE',
        `${this.#maxQueued} requests wait for the vault's quota already`,
        { retryAfter: 1 },
      )
    }
    await new Promise<void>((resolve, reject) => {
      const abort = (): void => {
        this.#waiting.delete(waiter)
        reject(reasonOf(signal))
      }
      const waiter: Waiter = {
        units,
        admit: () => {
          signal.removeEventListener('abort', abort)
          resolve()
        },
      }
      signal.addEventListener('abort', abort, { once: true })
      this.#waiting.add(waiter)
      this.#admit()
    })
    let left = false
    return () => {
      if (left) return
      left = true
      this.#inFlight--
      this.#admit()
    }
  }

  #admit(): void {
    clearTimeout(this.#timer)
    for (const waiter of this.#waiting) {
      if (this.#inFlight >= this.#maxInFlight) return
      const now = performance.now()
      const wait = this.#budget.waitFor(waiter.units, now)
      if (wait > 0) {
        this.#timer = setTimeout(() => this.#admit(), Math.ceil(wait))
        return
      }
      this.#budget.spend(waiter.units, now)
      this.#inFlight++
      this.#waiting.delete(waiter)
      waiter.admit()
    }
  }
}
