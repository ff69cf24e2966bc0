import { setImmediate as immediate } from 'node:timers/promises'

/** How long one piece of work may hold the event loop, in milliseconds, before others have their turn. */
const sliceMilliseconds = 4

/**
 * Long work on this thread, done in slices that leave the event loop free between them. It is for work without a native
 * function. A worker would need a separate file, which bundlers lose.
 */
export class TimeSlices {
  readonly #signal: AbortSignal | undefined
  #end = performance.now()

  /** @param signal stops the work at the end of a slice */
  constructor(signal?: AbortSignal) {
    this.#signal = signal
  }

  /** Whether {@link pause} would wait: pieces of microseconds need not await each time. */
  isOver(): boolean {
    return performance.now() >= this.#end
  }

  /**
   * Await it before every piece of the work. A piece should take a millisecond at most. The first slice begins in its
   * own turn.
   *
   * @throws the signal's reason
   */
  async pause(): Promise<void> {
    if (this.isOver()) await this.next()
  }

  /**
   * Ends this slice early. Call it before a long piece.
   *
   * @throws the signal's reason
   */
  async next(): Promise<void> {
    await nextTurn()
    this.#signal?.throwIfAborted()
    this.#end = performance.now() + sliceMilliseconds
  }
}

let lastTurn: Promise<void> = Promise.resolve()

/** Waiters get one turn each; sharing a turn would add up their slices. */
function nextTurn(): Promise<void> {
  lastTurn = lastTurn.then(() => immediate())
  return lastTurn
}
