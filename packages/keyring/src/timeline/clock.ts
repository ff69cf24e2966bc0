import { uptime } from 'node:os'

/** The current time. Tests have their own clock; everything else uses this machine's. */
export interface RingClock {
  /** Milliseconds since 1970, as `Date.now()` gives them. */
  now(): number
  /** Milliseconds that only increase, whatever the clock is set to. Time while the machine sleeps counts. */
  elapsed(): number
}

export const systemClock: RingClock = {
  now: () => Date.now(),
  elapsed: oncePerMillisecond(() => uptime() * 1_000),
}

/** `os.uptime()` reads a file, which takes 20 µs, and the status of a ring asks several times. */
function oncePerMillisecond(read: () => number): () => number {
  let readAt = -Infinity
  let value = 0
  return () => {
    const now = performance.now()
    if (now - readAt >= 1) {
      readAt = now
      value = read()
    }
    return value
  }
}

/** Milliseconds. */
const settledAfter = 60 * 60 * 1_000

/**
 * Detects that the clock was set. Where the two disagree by more than the policy's clock skew, both times are possible:
 * the ring then does only what is right at either. A jump that has lasted for as long as the oldest set is believed.
 */
export class JumpGuard {
  readonly #clock: RingClock
  readonly #tolerance: number
  readonly #believedAfter: number
  #wall: number
  #elapsed: number
  #jumpedAt: number | null = null

  /** @param tolerance and `believedAfter` in milliseconds */
  constructor(clock: RingClock, tolerance: number, believedAfter: number) {
    this.#clock = clock
    this.#tolerance = tolerance
    this.#believedAfter = believedAfter
    this.#wall = clock.now()
    this.#elapsed = clock.elapsed()
  }

  /** The times that it may be, in milliseconds since 1970: one, or after a jump two, what the clock shows first. */
  times(): readonly [number] | readonly [number, number] {
    const wall = this.#clock.now()
    const elapsed = this.#clock.elapsed()
    const expected = this.#wall + elapsed - this.#elapsed
    if (Math.abs(wall - expected) <= this.#tolerance) {
      this.#jumpedAt = null
      // Now and then, so that the small corrections of a good clock do not add up to a jump.
      if (elapsed - this.#elapsed > settledAfter) this.#settle()
      return [wall]
    }
    this.#jumpedAt ??= elapsed
    if (elapsed - this.#jumpedAt < this.#believedAfter) return [wall, expected]
    this.#settle()
    return [wall]
  }

  /** Accepts the current time of the clock as correct, as when the process starts. */
  #settle(): void {
    this.#wall = this.#clock.now()
    this.#elapsed = this.#clock.elapsed()
    this.#jumpedAt = null
  }
}
