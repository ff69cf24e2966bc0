import { SealwrightError } from '@sealwright/core'
import type { QuotaBudget } from './quota-budget.ts'
import type { RoundTrip } from './round-trip.ts'

interface Waiter {
  readonly units: number
  readonly admit: () => void
}

/**
 * The door to one quota of a vault. Requests pass it in the order they came, no more at a time than the cap, and none
 * before the quota has room for it. Who could not be answered in time any more is turned away when it comes, so that under
 * more load than the quota allows the quota still goes to those who can use it.
 */
export class RequestQueue {
  readonly #budget: QuotaBudget
  readonly #roundTrip: RoundTrip
  readonly #maxInFlight: number
  readonly #maxQueued: number
  // A Set keeps insertion order and forgets an aborted waiter in constant time.
  readonly #waiting = new Set<Waiter>()
  #unitsWaiting = 0
  #inFlight = 0
  #timer: NodeJS.Timeout | undefined

  constructor(
    budget: QuotaBudget,
    roundTrip: RoundTrip,
    options: { readonly maxInFlight: number; readonly maxQueued: number },
  ) {
    this.#budget = budget
    this.#roundTrip = roundTrip
    this.#maxInFlight = options.maxInFlight
    this.#maxQueued = options.maxQueued
  }

  /**
   * Waits for a turn.
   *
   * @param units what the request costs of the quota
   * @param deadlineAt when its answer is of no use any more, by `performance.now()`
   * @returns what must be called once when the request is over
   * @throws SealwrightError `UNAVAILABLE` when too many wait already, or so many that no answer could come before the
   *   deadline; the signal's reason when it aborts
   */
  async enter(units: number, deadlineAt: number, signal: AbortSignal): Promise<() => void> {
    signal.throwIfAborted()
    this.#refuse(units, deadlineAt)
    await new Promise<void>((resolve, reject) => {
      const abort = (): void => {
        this.#forget(waiter)
        // Whoever is first now may need less of the quota; when nobody is, the timer ends.
        this.#admit()
        reject(signal.reason)
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
      this.#unitsWaiting += units
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

  #refuse(units: number, deadlineAt: number): void {
    if (this.#waiting.size >= this.#maxQueued) {
      throw new SealwrightError(
        'UNAVAILABLE',
        `${this.#maxQueued} requests wait for the vault's quota already`,
        { retryAfter: 1 },
      )
    }
    const now = performance.now()
    const wait = this.#expectedWait(units, now)
    const late = now + wait + this.#roundTrip.nearlyAll - deadlineAt
    // Who need not wait is let in however slow the vault was: otherwise nobody would learn that it no longer is.
    if (wait > 0 && late > 0) {
      throw new SealwrightError(
        'UNAVAILABLE',
        `the vault's quota is in use: a turn would come in ${Math.ceil(wait)} ms, too late for an answer in time`,
        { retryAfter: Math.max(1, Math.ceil(late / 1_000)) },
      )
    }
  }

  /** Milliseconds until a turn, when all who wait already have had theirs. */
  #expectedWait(units: number, now: number): number {
    const beyondTheCap = this.#inFlight + this.#waiting.size + 1 - this.#maxInFlight
    const rounds = Math.max(0, Math.ceil(beyondTheCap / this.#maxInFlight))
    return Math.max(rounds * this.#roundTrip.mean, this.#budget.waitFor(units, now, this.#unitsWaiting))
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
      this.#forget(waiter)
      waiter.admit()
    }
  }

  #forget(waiter: Waiter): void {
    if (this.#waiting.delete(waiter)) this.#unitsWaiting -= waiter.units
  }
}
