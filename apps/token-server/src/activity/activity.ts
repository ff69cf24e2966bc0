import { Latencies } from './latencies.ts'

/** Seconds that one point of a chart stands for. */
export const secondsPerPoint = 2

/** How many points are kept. */
const pointCount = 60

/** What happened in {@link secondsPerPoint} seconds. */
export interface ActivityPoint {
  readonly issued: number
  /** In milliseconds; null if no token was issued. The same for `p99`. */
  readonly p50: number | null
  readonly p99: number | null
}

/** What the token endpoint has done. */
export interface ActivitySnapshot {
  /** Since the start of the server. */
  readonly issued: number
  /** Requests that failed because of the client, such as a wrong secret. */
  readonly refused: number
  /** Requests that failed because the key could not sign, or for another reason that is not the client's. */
  readonly failed: number
  /** The time of a signature in the last two minutes, in milliseconds; null if there was none. */
  readonly p50: number | null
  readonly p99: number | null
  /** The last two minutes, the oldest first. The last point is still being counted. */
  readonly points: readonly ActivityPoint[]
}

interface Slot {
  /** Which one it is, counted from the start of the clock; -1 for none yet. */
  number: number
  issued: number
  readonly latencies: Latencies
}

/** Counts what the token endpoint does. */
export class Activity {
  readonly #now: () => number
  readonly #slots = Array.from({ length: pointCount }, (): Slot => newSlot())
  #issued = 0
  #refused = 0
  #failed = 0

  /** @param now a monotonic clock in milliseconds */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now
  }

  /** Starts to measure one signature. */
  start(): number {
    return this.#now()
  }

  /**
   * Ends the measurement.
   *
   * @param started what {@link start} returned
   * @returns milliseconds
   */
  signed(started: number): number {
    return this.#now() - started
  }

  /** @param milliseconds that its signature took */
  issued(milliseconds: number): void {
    const slot = this.#slotAt(slotNumber(this.#now()))
    slot.issued++
    slot.latencies.add(milliseconds)
    this.#issued++
  }

  refused(): void {
    this.#refused++
  }

  failed(): void {
    this.#failed++
  }

  snapshot(): ActivitySnapshot {
    const last = slotNumber(this.#now())
    const recent = new Latencies()
    const points = Array.from({ length: pointCount }, (_, index): ActivityPoint => {
      const number = last - pointCount + 1 + index
      const slot = this.#slots[number % pointCount]
      if (slot === undefined || slot.number !== number) return { issued: 0, p50: null, p99: null }
      recent.merge(slot.latencies)
      return { issued: slot.issued, ...percentiles(slot.latencies) }
    })
    return {
      issued: this.#issued,
      refused: this.#refused,
      failed: this.#failed,
      ...percentiles(recent),
      points,
    }
  }

  /** The current slot. It held the counts of two minutes ago. */
  #slotAt(number: number): Slot {
    const slot = (this.#slots[number % pointCount] ??= newSlot())
    if (slot.number !== number) {
      slot.number = number
      slot.issued = 0
      slot.latencies.clear()
    }
    return slot
  }
}

function newSlot(): Slot {
  return { number: -1, issued: 0, latencies: new Latencies() }
}

function slotNumber(now: number): number {
  return Math.floor(now / 1_000 / secondsPerPoint)
}

function percentiles(latencies: Latencies): { p50: number | null; p99: number | null } {
  return { p50: latencies.percentile(0.5), p99: latencies.percentile(0.99) }
}
