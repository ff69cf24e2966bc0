import { QuotaShare } from './quota-share.ts'
import type { QuotaStatus } from './vault-status.ts'

/** The wait before the first request to a vault that was full, in milliseconds. Each further wait is twice as long. */
const firstProbe = 250
const longestProbe = 1_000

/** Permission to send one request. The holder reports the answer; further reports do nothing. */
export interface Spending {
  /** Neither this request nor those after it were refused for lack of quota. */
  accepted(now: number): void
  /**
   * The vault was full.
   *
   * @param retryAfter the wait that the answer asks for, in milliseconds; null if none
   */
  refused(now: number, retryAfter: number | null): void
  /** No answer came. */
  unanswered(now: number): void
}

/** While the vault refuses requests for lack of quota. */
interface Full {
  readonly since: number
  /** The units let through in the ten seconds before the last refusal. */
  sentBefore: number
  probeAt: number
  wait: number
  isProbing: boolean
}

/**
 * The budget for one quota of a vault: a number of units in any ten seconds.
 *
 * It is a leaky bucket in the form of the generic cell rate algorithm (ITU-T I.371 Annex A): one number, the time at
 * which everything spent so far will have been earned back. A fiftieth of the share may go at once and the rest flows
 * evenly. So no ten seconds, wherever they begin, hold more than the share, and callers are served all the time instead of
 * waiting out a window that was used up in its first second.
 *
 * If the vault refuses a request nevertheless, other processes use it too. Then only one request at a time is sent, at
 * growing intervals, until one is accepted. After that, {@link QuotaShare} knows this process's part.
 */
export class QuotaBudget {
  readonly #quota: number
  readonly #share: QuotaShare
  #earnedBackAt = 0
  #full: Full | null = null
  /** Answers to requests sent before this time come from a full vault. They say nothing about now. */
  #reopenedAt = 0

  /** @param quota the maximum for this process, in units per ten seconds */
  constructor(quota: number) {
    this.#quota = quota
    this.#share = new QuotaShare(quota)
  }

  /**
   * Milliseconds until `units` may be spent; 0 when they may be now. Infinity while a single request tests whether the
   * vault is still full.
   */
  waitFor(units: number, now: number): number {
    return this.#full?.isProbing === true ? Infinity : this.expectedWait(units, now, 0)
  }

  /**
   * The estimated milliseconds until `units` can be spent.
   *
   * @param ahead units that others will spend first
   */
  expectedWait(units: number, now: number, ahead: number): number {
    // A request that costs more than a burst is sent when the bucket is full. The rest is paid off afterwards.
    const tolerance = (this.#burst - Math.min(units, this.#burst)) * this.#millisecondsPerUnit
    const start = Math.max(now, this.#full?.probeAt ?? now)
    const earnedBackAt = Math.max(this.#earnedBackAt, start) + ahead * this.#millisecondsPerUnit
    return Math.max(start, earnedBackAt - tolerance) - now
  }

  /** Requests wait until they may be spent. */
  waited(now: number): void {
    if (this.#full === null) this.#share.waited(now)
  }

  /** Spends units, which {@link waitFor} allows. */
  spend(units: number, now: number): Spending {
    this.#share.sent(units, now)
    this.#earnedBackAt = Math.max(this.#earnedBackAt, now) + units * this.#millisecondsPerUnit
    const probed = this.#full
    if (probed !== null) probed.isProbing = true
    let isOver = false
    const once = (report: () => void): void => {
      if (!isOver) report()
      isOver = true
    }
    return {
      accepted: (at) =>
        once(() => {
          // Only a request that was sent since the vault was full shows that it no longer is.
          if (probed !== null) this.#reopen(probed, at)
        }),
      refused: (at, retryAfter) =>
        once(() => {
          this.#share.sent(-units, at)
          this.#refused({ units, sentAt: now, at, probed, retryAfter })
        }),
      unanswered: (at) =>
        once(() => {
          if (probed !== null) this.#probeLater(probed, at, null)
        }),
    }
  }

  #refused(request: {
    readonly units: number
    readonly sentAt: number
    readonly at: number
    readonly probed: Full | null
    readonly retryAfter: number | null
  }): void {
    const { units, sentAt, at, probed, retryAfter } = request
    const full = this.#full
    if (full === null) {
      // Requests that were in flight together are refused together. The first refusal closes the budget.
      if (sentAt >= this.#reopenedAt) this.#close(at, retryAfter)
    } else if (full === probed) {
      // With the time in which nothing got through: a service that counts in fixed windows was full early.
      full.sentBefore = this.#share.sentBefore(at)
      full.wait = Math.min(longestProbe, 2 * full.wait)
      this.#probeLater(full, at, retryAfter)
    } else {
      // It was in flight when the first one was refused, and counted as accepted.
      full.sentBefore -= units
      full.probeAt = Math.max(full.probeAt, at + (retryAfter ?? 0))
    }
  }

  /** Milliseconds for which nothing is sent because the vault is full; 0 when it is not. */
  pausedFor(now: number): number {
    return Math.max(0, (this.#full?.probeAt ?? 0) - now)
  }

  status(now: number): Pick<QuotaStatus, 'used' | 'share' | 'limit' | 'pausedFor'> {
    return {
      used: this.#share.sentBefore(now),
      share: this.#share.units,
      limit: this.#quota,
      pausedFor: this.pausedFor(now),
    }
  }

  #close(now: number, retryAfter: number | null): void {
    const sentBefore = this.#share.sentBefore(now)
    const full = { since: now, sentBefore, probeAt: 0, wait: firstProbe, isProbing: false }
    this.#probeLater(full, now, retryAfter)
    this.#full = full
  }

  #probeLater(full: Full, now: number, retryAfter: number | null): void {
    full.isProbing = false
    // The upper half is random, so that processes don't come back together.
    full.probeAt = now + (retryAfter ?? full.wait * (0.5 + Math.random() / 2))
  }

  #reopen({ since, sentBefore }: Full, now: number): void {
    this.#full = null
    this.#reopenedAt = now
    this.#share.wasFull(since, sentBefore, now)
    // No burst is saved up: all processes reopen at about the same time.
    this.#earnedBackAt = now + this.#burst * this.#millisecondsPerUnit
  }

  get #burst(): number {
    return Math.max(1, Math.floor(this.#share.units / 50))
  }

  get #millisecondsPerUnit(): number {
    return 10_000 / Math.max(1, this.#share.units - this.#burst)
  }
}
