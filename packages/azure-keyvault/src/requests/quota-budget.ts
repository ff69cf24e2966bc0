/**
 * A budget for what a vault lets through: so many units in any ten seconds.
 *
 * It is a leaky bucket in the form of the generic cell rate algorithm (ITU-T I.371 Annex A): one number, the time at
 * which everything spent so far will have been earned back. A twenty-fifth of the quota may go at once and the rest flows
 * evenly, so that no ten seconds, wherever they begin, hold more than the quota, and callers are served all the time
 * instead of waiting out a window that was used up in its first second.
 */
export class QuotaBudget {
  readonly #millisecondsPerUnit: number
  readonly #burst: number
  #earnedBackAt = 0
  #pausedUntil = 0

  /** @param quota units in ten seconds */
  constructor(quota: number) {
    this.#burst = Math.max(1, Math.floor(quota / 25))
    this.#millisecondsPerUnit = 10_000 / Math.max(1, quota - this.#burst)
  }

  /**
   * Milliseconds until `units` may be spent; 0 when they may be now.
   *
   * @param ahead units that others are going to spend before. Default 0
   */
  waitFor(units: number, now: number, ahead: number = 0): number {
    // What costs more than a burst goes when the bucket is full, and the rest of it is paid off afterwards.
    const tolerance = (this.#burst - Math.min(units, this.#burst)) * this.#millisecondsPerUnit
    const start = Math.max(now, this.#pausedUntil)
    const earnedBackAt = Math.max(this.#earnedBackAt, start) + ahead * this.#millisecondsPerUnit
    return Math.max(start, earnedBackAt - tolerance) - now
  }

  spend(units: number, now: number): void {
    this.#earnedBackAt = Math.max(this.#earnedBackAt, now) + units * this.#millisecondsPerUnit
  }

  /** Nothing may be spent before then: the vault said so, and it means everybody who shares this budget. */
  pauseUntil(time: number): void {
    this.#pausedUntil = Math.max(this.#pausedUntil, time)
  }

  /** Milliseconds for which the vault asked to be left alone; 0 when it did not. */
  pausedFor(now: number): number {
    return Math.max(0, this.#pausedUntil - now)
  }
}

/** The service's own limit: units of {@link signingCost} per vault and region in ten seconds. */
export const defaultQuota = 4_000

/**
 * How many keys and certificates may be made in ten seconds by who may use so much of the quota: the service counts them
 * apart, up to 20 for a vault.
 */
export function creationQuota(quota: number): number {
  return Math.max(1, Math.floor((20 * quota) / defaultQuota))
}

/** What making one key or certificate costs of {@link creationQuota}: of those in hardware the service allows half. */
export function creationCost(hardware: boolean): number {
  return hardware ? 2 : 1
}

/**
 * What one signature costs of the vault's quota, in signatures of a 2048-bit RSA key in software. The service's limits
 * in ten seconds are 4,000 for RSA-2048 and for EC, 1,000 for RSA-3072, 500 for RSA-4096, and half of each for keys in
 * hardware; it adds them up by weight.
 */
export function signingCost(modulusLength: number | null, hardware: boolean): number {
  const cost = modulusLength === null || modulusLength <= 2048 ? 1 : modulusLength <= 3072 ? 4 : 8
  return hardware ? 2 * cost : cost
}
