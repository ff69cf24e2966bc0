import { uptime } from 'node:os'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { JumpGuard, systemClock } from '../../src/timeline/clock.ts'

const [minute, hour] = [60_000, 3_600_000]
/** When the process started, by the clock that may be set. */
const start = Date.UTC(2030, 0, 1)

/** A clock that tolerates 10 s and believes a jump after ten minutes. `ahead` is what it was set by. */
function watch(): {
  guard: JumpGuard
  pass: (time: number) => void
  set: (ahead: number) => void
  wall: () => number
} {
  let [elapsed, ahead] = [5_000, 0]
  const wall = (): number => start + elapsed + ahead
  return {
    guard: new JumpGuard({ now: wall, elapsed: () => elapsed }, 10_000, 10 * minute),
    pass(time) {
      elapsed += time
    },
    set(to) {
      ahead = to
    },
    wall,
  }
}

describe('a clock that is set', () => {
  test.each([10_000, -10_000])('by no more than clocks differ is believed: %d ms', (by) => {
    const { guard, pass, set, wall } = watch()
    pass(minute)
    set(by)
    expect(guard.times()).toEqual([wall()])
  })

  test.each([10_001, -10_001, 100 * hour])(
    'by more may show the right time or the wrong one: %d ms',
    (by) => {
      const { guard, pass, set, wall } = watch()
      pass(minute)
      set(by)
      expect(guard.times()).toEqual([wall(), wall() - by])
      pass(minute)
      expect(guard.times()).toEqual([wall(), wall() - by])
    },
  )

  test('is believed after ten minutes, and what it shows from then on is what counts', () => {
    const { guard, pass, set, wall } = watch()
    set(hour)
    guard.times()
    pass(10 * minute - 1)
    expect(guard.times()).toHaveLength(2)
    pass(1)
    expect(guard.times()).toEqual([wall()])
    expect(guard.times()).toEqual([wall()])
    // Set back, it has jumped again, and is doubted for as long.
    set(0)
    expect(guard.times()).toEqual([wall(), wall() + hour])
    pass(10 * minute - 1)
    expect(guard.times()).toHaveLength(2)
  })

  test('and set right again is believed at once, and the next jump is doubted for the whole time', () => {
    const { guard, pass, set, wall } = watch()
    set(hour)
    guard.times()
    pass(9 * minute)
    set(0)
    expect(guard.times()).toEqual([wall()])
    pass(9 * minute)
    set(hour)
    expect(guard.times()).toHaveLength(2)
    pass(9 * minute)
    expect(guard.times()).toHaveLength(2)
  })
})

describe('the corrections of a good clock', () => {
  test('do not add up to a jump over the hours', () => {
    const { guard, pass, set, wall } = watch()
    for (let hours = 1; hours <= 10; hours++) {
      pass(hour + 1)
      set(hours * 6_000)
      expect(guard.times()).toEqual([wall()])
    }
  })

  test('add up within an hour', () => {
    const { guard, pass, set, wall } = watch()
    pass(hour / 2)
    set(6_000)
    expect(guard.times()).toEqual([wall()])
    pass(hour / 2)
    expect(guard.times()).toEqual([wall()])
    set(12_000)
    expect(guard.times()).toHaveLength(2)
  })
})

test('the elapsed time is that since the machine was started, and is read once for a millisecond', () => {
  let now = Math.ceil(performance.now()) + 10
  const spy = vi.spyOn(performance, 'now').mockImplementation(() => now)
  onTestFinished(() => spy.mockRestore())
  const first = systemClock.elapsed()
  expect(Math.abs(first - uptime() * 1_000)).toBeLessThan(minute)
  // It has a resolution of 10 ms.
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 50)
  now += 0.5
  expect(systemClock.elapsed()).toBe(first)
  now += 0.5
  expect(systemClock.elapsed()).toBeGreaterThan(first)
})
