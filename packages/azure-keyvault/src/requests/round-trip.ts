/** What timers are late by on a process that is busy, in milliseconds. */
const granularity = 20

/**
 * How long answers take: a running mean and deviation, weighted as in RFC 6298 §2. All in milliseconds.
 */
export class RoundTrip {
  readonly #longest: number
  // What a distant region takes, until there is an answer that says better.
  #mean = 100
  #deviation = 50

  /** @param longest what is waited for at most, so that a few answers that never came don't spoil the estimate for long */
  constructor(longest: number) {
    this.#longest = longest
  }

  get mean(): number {
    return Math.min(this.#longest, this.#mean)
  }

  /** What nearly every answer stays below. */
  get nearlyAll(): number {
    return Math.min(this.#longest, this.#mean + Math.max(granularity, 4 * this.#deviation))
  }

  /** An answer came after so long. */
  answered(milliseconds: number): void {
    const sample = Math.min(this.#longest, milliseconds)
    this.#deviation += (Math.abs(sample - this.#mean) - this.#deviation) / 4
    this.#mean += (sample - this.#mean) / 8
  }

  /**
   * An answer was given up after so long. Without these a vault that has become slower would never be seen to have: its
   * answers come to those alone who wait long enough.
   */
  outlasted(milliseconds: number): void {
    if (milliseconds > this.#mean) this.answered(2 * milliseconds)
  }
}
