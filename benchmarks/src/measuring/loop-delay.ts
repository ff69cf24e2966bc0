/** How often the event loop is checked, in milliseconds. */
const resolution = 1

/**
 * How long the event loop kept a timer of one millisecond waiting, the millisecond included, like
 * `monitorEventLoopDelay` at that resolution. Node's monitor counts the time between a stop and the next start, and its
 * histograms cannot be added up. So a percentile over many short turns needs this sampler.
 */
export class LoopDelay {
  #samples: number[] = []
  #timer: NodeJS.Timeout | undefined
  #last = 0

  /** In milliseconds. */
  get samples(): readonly number[] {
    return this.#samples
  }

  /** Forgets what was counted. */
  reset(): void {
    this.#samples = []
  }

  start(): void {
    this.#last = performance.now()
    this.#timer = setTimeout(() => {
      this.#samples.push(performance.now() - this.#last)
      this.start()
    }, resolution)
  }

  /** Also counts a delay that has not ended: where the event loop never turned, it is the only one. */
  stop(): void {
    clearTimeout(this.#timer)
    const waited = performance.now() - this.#last
    if (waited > 2 * resolution) this.#samples.push(waited)
  }
}
