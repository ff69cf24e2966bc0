/** The service counts per ten seconds. */
const window = 10_000
const bucketLength = 100

/** The part given up after the vault was full, so that there is room for processes with a smaller share. */
const decrease = 0.03
/** The smallest part that one shrink leaves to a new process: it has measured too little to give up more. */
const leastLeft = 0.25
/** The growth in a second of a process with a quarter of the quota, as a part of its share. */
const growth = 0.003
/** Milliseconds of use without a full vault after which the growth begins to accelerate: others may have left. */
const calm = 10_000
/** A process that has not waited for the quota for this many milliseconds is no longer limited by it. */
const idle = 1_000

/**
 * The part of a vault's quota that this process uses. Processes that share a vault know nothing of each other; each
 * measures how much the vault let through and takes that as its share.
 *
 * - It starts with the whole quota.
 * - When the vault is full, the share becomes the amount that got through in ten seconds, including the time in which nothing
 *   did, less 3 %. All processes together got the quota through, so the sum of the new shares is 97 % of it.
 * - While it waits for the quota, the share grows: slowly at first, faster when the vault has not been full for long. A
 *   small share grows faster in proportion than a large one, so shares become equal.
 */
export class QuotaShare {
  readonly #quota: number
  #units: number
  /** Units let through, by tenth of a second, for the last ten seconds. */
  #sent: { readonly bucket: number; units: number }[] = []
  #waitingSince = 0
  #waitedAt = Number.NEGATIVE_INFINITY
  #grownAt = 0
  #calmFor = 0

  /** @param quota the maximum for this process, in units per ten seconds */
  constructor(quota: number) {
    this.#quota = quota
    this.#units = quota
  }

  /** Units in ten seconds. */
  get units(): number {
    return this.#units
  }

  /** The units sent in the last ten seconds. */
  sentBefore(now: number): number {
    const first = Math.floor((now - window) / bucketLength)
    this.#sent = this.#sent.filter(({ bucket }) => bucket > first)
    return this.#sent.reduce((sum, { units }) => sum + units, 0)
  }

  /** @param units below 0 for those that the vault refused */
  sent(units: number, now: number): void {
    const bucket = Math.floor(now / bucketLength)
    const last = this.#sent.at(-1)
    if (last?.bucket === bucket) last.units += units
    else {
      this.sentBefore(now)
      this.#sent.push({ bucket, units })
    }
  }

  /** Requests wait for the quota. */
  waited(now: number): void {
    const elapsed = now - this.#waitedAt
    this.#waitedAt = now
    if (elapsed > idle) {
      this.#waitingSince = now
      this.#grownAt = now
      return
    }
    const time = now - this.#grownAt
    this.#grownAt = now
    this.#calmFor += time
    const acceleration = Math.max(1, this.#calmFor / calm) ** 2
    const perSecond = growth * acceleration * Math.sqrt((this.#units * this.#quota) / 4)
    this.#units = Math.min(this.#quota, this.#units + (perSecond * time) / 1_000)
  }

  /**
   * The vault was full for a while.
   *
   * @param since when it refused the first request
   * @param sentBefore the units let through in the ten seconds before it refused the last one
   */
  wasFull(since: number, sentBefore: number, now: number): void {
    this.#grownAt = now
    // A process that hardly uses its share was not the one that filled the vault.
    if (since - this.#waitedAt > idle) return
    this.#waitedAt = now
    const usedFor = since - this.#waitingSince
    const isNew = usedFor < window
    const throughput = isNew ? (sentBefore * window) / (usedFor + now - since + 1) : sentBefore
    const measured = Math.min(this.#units, throughput) * (1 - decrease)
    this.#units = Math.max(1, this.#quota / 400, measured, isNew ? leastLeft * this.#units : 0)
    this.#calmFor = 0
  }
}
