import { EmulatorError } from '../protocol/errors.ts'

/**
 * The time of the vaults, which a test can move: expiry, soft delete, issuance, renewal, rotation and quotas follow it.
 * Tokens keep to the clock that it started from, so a client stays signed in.
 */
export class Clock {
  readonly #base: () => number
  #offset = 0

  /** @param base milliseconds since the epoch */
  constructor(base: () => number) {
    this.#base = base
  }

  /** Milliseconds since the epoch. */
  readonly now = (): number => this.#base() + this.#offset

  /**
   * Moves the clock forward.
   *
   * @param milliseconds at least 0
   * @throws EmulatorError for a negative number
   * @example
   *   emulator.clock.advance(365 * 86_400_000) // a year
   */
  advance(milliseconds: number): void {
    if (!(milliseconds >= 0) || !Number.isFinite(milliseconds)) {
      throw new EmulatorError(`the clock cannot go back: advance takes at least 0 ms, not ${milliseconds}`)
    }
    this.#offset += milliseconds
  }

  /**
   * Sets the clock, forward or back. It goes on running from there.
   *
   * @param time milliseconds since the epoch
   * @throws EmulatorError for a number that is no time
   * @example
   *   emulator.clock.set(Date.UTC(2030, 0, 1))
   */
  set(time: number): void {
    if (!Number.isFinite(time)) throw new EmulatorError('the clock is set to milliseconds since the epoch')
    this.#offset = time - this.#base()
  }
}
