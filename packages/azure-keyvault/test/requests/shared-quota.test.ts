import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import {
  busy,
  distant,
  fixedWindows,
  near,
  seededRandom,
  simulate,
  slidingWindow,
  type Process,
} from '../support/shared-vault.ts'

const throttles = { 'fixed windows': fixedWindows, 'a sliding window': slidingWindow }
const conditions = { near, distant, busy }

/** The service's limit in ten seconds for keys in hardware. */
const quota = 2_000

function sum(counts: readonly number[], from: number, to: number): number {
  return counts.slice(from, to).reduce((total, count) => total + count, 0)
}

/** The part of the quota used, and the part of calls that were refused. */
function usage(processes: readonly Process[], from: number, to: number): { used: number; refused: number } {
  const accepted = processes.reduce((total, each) => total + sum(each.accepted, from, to), 0)
  const refused = processes.reduce((total, each) => total + sum(each.refused, from, to), 0)
  return { used: accepted / ((quota / 10) * (to - from)), refused: refused / (accepted + refused) }
}

/** Every service and every condition. */
const cases = Object.entries(throttles).flatMap(([service, throttle]) =>
  Object.entries(conditions).map(([condition, each]) => ({ service, throttle, condition, each })),
)

describe.each([1, 2])('processes that share a vault and are told nothing, run %i', (seed) => {
  beforeEach(() => {
    vi.spyOn(Math, 'random').mockImplementation(seededRandom(seed))
  })
  afterEach(() => {
    vi.restoreAllMocks()
  })

  test.each(cases.flatMap((each) => [2, 4].map((count) => ({ count, ...each }))))(
    '$count of them, $condition, with $service use the quota, with few 429s',
    ({ count, throttle, each }) => {
      const starts = Array.from({ length: count }, () => 0)
      const processes = simulate(throttle(quota), starts, 60, {
        conditions: each,
        random: seededRandom(seed),
      })
      const { used, refused } = usage(processes, 0, 60)
      expect(used).toBeGreaterThanOrEqual(0.95)
      expect(refused).toBeLessThanOrEqual(each === distant ? 0.016 : 0.01)
      for (const { accepted } of processes) {
        expect(sum(accepted, 0, 60)).toBeGreaterThan((0.7 * 6 * quota) / count)
      }
    },
  )

  test.each(cases.flatMap((each) => [2, 4].map((count) => ({ count, ...each }))))(
    'the newest of $count, $condition, with $service has its share within ten seconds',
    ({ count, service, throttle, each }) => {
      const joinsAt = 33
      const starts = Array.from({ length: count }, (_, index) => (index === count - 1 ? joinsAt * 1_000 : 0))
      const processes = simulate(throttle(quota), starts, 70, {
        conditions: each,
        random: seededRandom(seed),
      })
      const newest = processes.at(-1)?.accepted ?? []
      const { used, refused } = usage(processes, 10, 70)
      // A sliding window is full again at once when a process joins, before it has shown how much it would use.
      const least = service === 'fixed windows' ? 0.8 : 0.45
      expect(sum(newest, joinsAt, joinsAt + 10)).toBeGreaterThan((least * quota) / count)
      expect(used).toBeGreaterThanOrEqual(0.94)
      expect(refused).toBeLessThanOrEqual(0.01)
    },
  )
})
