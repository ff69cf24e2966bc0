import { SealwrightError } from '@sealwright/core'
import { onAbort } from '@sealwright/core/internal'
import type { QuotaBudget, Spending } from './quota-budget.ts'
import type { RoundTrip } from './round-trip.ts'
import type { QuotaStatus } from './vault-status.ts'

/** How long a request may wait for its turn, in milliseconds. */
export interface Patience {
  /** In a burst, when the queue was empty a moment ago. */
  readonly burst: number
  /** Under sustained load above the quota, where a longer queue only delays every answer. */
  readonly standing: number
}

/** What a request needs of the queue. */
export interface Entry {
  /** The units of the quota that the request costs. */
  readonly units: number
  /** When its answer is no longer useful, by `performance.now()`. */
  readonly deadlineAt: number
  /** null to wait for as long as the deadline allows. */
  readonly patience: Patience | null
  readonly signal: AbortSignal
}

/** A turn. */
export interface Turn {
  /** The units spent for it; the response settles them. */
  readonly spending: Spending
  /** Call this when the request is over. */
  leave(): void
}

interface Waiter {
  readonly units: number
  readonly admit: (spending: Spending) => void
}

/** A queue that has not been empty for this many milliseconds is a standing one. */
const burstLength = 1_000

/**
 * The queue before one quota of a vault. Requests are sent in order, at most as many at a time as the cap, and only
 * when the quota has room. A request that would wait too long is refused at once: the quota then goes to requests that
 * can use it, and accepted requests finish soon.
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
  /** Since when some request has always been waiting; meaningless while none is. */
  #waitingSince = 0
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
   * @throws SealwrightError `UNAVAILABLE` when too many requests wait, or when the turn would come too late; the
   *   signal's reason when it aborts
   */
  async enter(entry: Entry): Promise<Turn> {
    const { units, signal } = entry
    signal.throwIfAborted()
    this.#refuse(entry)
    const spending = await new Promise<Spending>((resolve, reject) => {
      const stopListening = onAbort(signal, () => {
        this.#forget(waiter)
        // The next request may cost less. With an empty queue, the timer ends.
        this.#admit()
        reject(signal.reason)
      })
      const waiter: Waiter = {
        units,
        admit: (spent) => {
          stopListening()
          resolve(spent)
        },
      }
      if (this.#waiting.size === 0) this.#waitingSince = performance.now()
      this.#waiting.add(waiter)
      this.#unitsWaiting += units
      this.#admit()
    })
    let left = false
    return {
      spending,
      leave: () => {
        if (left) return
        left = true
        this.#inFlight--
        this.#admit()
      },
    }
  }

  status(): Pick<QuotaStatus, 'queued' | 'inFlight'> {
    return { queued: this.#waiting.size, inFlight: this.#inFlight }
  }

  #refuse({ units, deadlineAt, patience }: Entry): void {
    if (this.#waiting.size >= this.#maxQueued) {
      throw new SealwrightError(
        'UNAVAILABLE',
        `${this.#maxQueued} requests are already waiting for the vault’s quota`,
        { retryAfter: 1 },
      )
    }
    const now = performance.now()
    const wait = this.#expectedWait(units, now)
    const late = Math.max(
      now + wait + this.#roundTrip.nearlyAll - deadlineAt,
      patience === null ? 0 : wait - (this.#isStanding(now) ? patience.standing : patience.burst),
    )
    // A request that need not wait is sent however slow the vault was: it may have become faster.
    if (wait > 0 && late > 0) {
      throw new SealwrightError(
        'UNAVAILABLE',
        `the vault’s quota is used up: the request would have to wait ${Math.ceil(wait)} ms, which is too long`,
        { retryAfter: Math.max(1, Math.ceil(late / 1_000)) },
      )
    }
  }

  #isStanding(now: number): boolean {
    return this.#waiting.size > 0 && now - this.#waitingSince > burstLength
  }

  /** Milliseconds until a turn that comes after all waiting requests. */
  #expectedWait(units: number, now: number): number {
    const beyondTheCap = this.#inFlight + this.#waiting.size + 1 - this.#maxInFlight
    const rounds = Math.max(0, Math.ceil(beyondTheCap / this.#maxInFlight))
    return Math.max(rounds * this.#roundTrip.mean, this.#budget.expectedWait(units, now, this.#unitsWaiting))
  }

  #admit(): void {
    clearTimeout(this.#timer)
    for (const waiter of this.#waiting) {
      const now = performance.now()
      if (this.#inFlight >= this.#maxInFlight) {
        // With a higher cap it would send more: it takes part in filling the vault.
        this.#budget.waited(now)
        return
      }
      const wait = this.#budget.waitFor(waiter.units, now)
      if (wait > 0) {
        this.#budget.waited(now)
        // The request that finds out whether the vault is still full ends in `leave`, which comes back here.
        if (wait < Infinity) this.#timer = setTimeout(() => this.#admit(), Math.ceil(wait))
        return
      }
      this.#inFlight++
      this.#forget(waiter)
      waiter.admit(this.#budget.spend(waiter.units, now))
    }
  }

  #forget(waiter: Waiter): void {
    if (this.#waiting.delete(waiter)) this.#unitsWaiting -= waiter.units
  }
}
