/** The lateness of timers in a busy process, in milliseconds. */
const granularity = 20

/**
 * How long answers take: a running mean and deviation, weighted as in RFC 6298 §2. Times are milliseconds.
 */
export class RoundTrip {
  readonly #longest: number
  // The time to a distant region, until the first answers.
  #mean = 100
  #deviation = 50

  /** @param longest the longest wait for any answer; longer times count as this long */
  constructor(longest: number) {
    this.#longest = longest
  }

  /** The mean of the latest answers. */
  get mean(): number {
    return Math.min(this.#longest, this.#mean)
  }

  /** Nearly all answers take less. */
  get nearlyAll(): number {
    return Math.min(this.#longest, this.#mean + Math.max(granularity, 4 * this.#deviation))
  }

  /** Counts an answer. */
  answered(milliseconds: number): void {
    const sample = Math.min(this.#longest, milliseconds)
    this.#deviation += (Math.abs(sample - this.#mean) - this.#deviation) / 4
    this.#mean += (sample - this.#mean) / 8
  }

  /**
   * Counts an answer that was given up. {@link answered} sees only answers that arrive in time, so it would miss that a
   * vault has become slower.
   */
  outlasted(milliseconds: number): void {
    if (milliseconds > this.#mean) this.answered(2 * milliseconds)
  }
}
