import { expect, test } from 'vitest'
import { Activity } from '../../src/activity/activity.ts'
import { Latencies } from '../../src/activity/latencies.ts'

/** Activity on a clock that the test moves, in milliseconds. */
function activityOnClock(): { activity: Activity; issue: (at: number, milliseconds: number) => void } {
  let now = 0
  const activity = new Activity(() => now)
  return {
    activity,
    issue(at, milliseconds) {
      now = at
      const started = activity.start()
      now += milliseconds
      activity.issued(activity.signed(started))
    },
  }
}

test('a percentile is right to within 9 % from microseconds to seconds', () => {
  for (const milliseconds of [0.002, 0.05, 1, 37, 900, 9_000]) {
    const latencies = new Latencies()
    for (let index = 1; index <= 200; index++) latencies.add(milliseconds * (index <= 150 ? 1 : 3))
    for (const [share, expected] of [
      [0.5, milliseconds],
      [0.75, milliseconds],
      [0.76, milliseconds * 3],
      [1, milliseconds * 3],
    ] as const) {
      const found = latencies.percentile(share) ?? Number.NaN
      expect(Math.abs(found / Math.min(expected, 16_000) - 1)).toBeLessThan(0.095)
    }
  }
})

test('without signatures there is no percentile, and what is over the scale counts as its end', () => {
  const latencies = new Latencies()
  expect(latencies.percentile(0.5)).toBeNull()
  latencies.add(0)
  expect(latencies.percentile(0.5)).toBeCloseTo(0.001, 3)
  latencies.clear()
  latencies.add(1e9)
  expect(latencies.percentile(1)).toBeGreaterThan(14_000)
})

test('counts since the start, and shows the last two minutes', () => {
  const { activity, issue } = activityOnClock()
  issue(1_000, 1)
  issue(1_500, 1)
  issue(60_000, 8)
  activity.refused()
  activity.failed()
  activity.failed()
  expect(activity.snapshot()).toMatchObject({ issued: 3, refused: 1, failed: 2 })
  const points = activity.snapshot().points.map(({ issued }) => issued)
  expect(points).toHaveLength(60)
  expect(points.slice(-31)).toEqual([2, ...Array.from({ length: 29 }, () => 0), 1])
  expect(activity.snapshot().p50).toBeCloseTo(1, 0)
  expect(activity.snapshot().p99).toBeGreaterThan(7)
  // The slots of the first ones are used again, and a slot in which nothing happened is not shown as it was.
  issue(122_000, 2)
  expect(activity.snapshot()).toMatchObject({ issued: 4 })
  expect(activity.snapshot().points.reduce((sum, { issued }) => sum + issued, 0)).toBe(2)
  issue(1_000_000, 2)
  expect(activity.snapshot().points.reduce((sum, { issued }) => sum + issued, 0)).toBe(1)
})
