/** A worker that has been ready for so long, in milliseconds, has started well. */
export const settledAfter = 10_000

/** How many workers in a row may end without having started well, before the server gives up. */
export const maximumFailures = 10

const firstDelay = 100
const longestDelay = 30_000

/** When to replace a worker that has ended: at once, then later each time, while its replacements do not start well. */
export class Restarts {
  #failures = 0

  /** How many in a row have not started well. */
  get failures(): number {
    return this.#failures
  }

  /**
   * Records the end of a worker.
   *
   * @param readyFor how long it was ready, in milliseconds; 0 if it never was
   * @returns milliseconds to wait before the next one is started
   */
  ended(readyFor: number): number {
    this.#failures = readyFor >= settledAfter ? 0 : this.#failures + 1
    return this.#failures < 2 ? 0 : Math.min(longestDelay, firstDelay * 2 ** (this.#failures - 2))
  }
}
