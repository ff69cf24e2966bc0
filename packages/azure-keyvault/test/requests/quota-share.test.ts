import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { QuotaShare } from '../../src/requests/quota-share.ts'
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
      const least = service === 'fixed windows' ? 0.8 : 0.5
      expect(sum(newest, joinsAt, joinsAt + 10)).toBeGreaterThan((least * quota) / count)
      expect(used).toBeGreaterThanOrEqual(0.94)
      expect(refused).toBeLessThanOrEqual(0.01)
    },
  )
})

/** Waits for the quota all the time, for so long. */
function wait(share: QuotaShare, from: number, to: number): void {
  for (let now = from; now <= to; now += 100) share.waited(now)
}

describe('the share of a process', () => {
  test('is the whole quota at first, and never more', () => {
    const share = new QuotaShare(4_000)
    expect(share.units).toBe(4_000)
    wait(share, 0, 100_000)
    expect(share.units).toBe(4_000)
  })

  test('becomes what the vault let through per ten seconds, less 3 %', () => {
    const share = new QuotaShare(4_000)
    wait(share, 0, 5_000)
    // 1,500 in five seconds, and then nothing for another five.
    share.wasFull(5_000, 1_500, 9_999)
    expect(share.units).toBeCloseTo(1_455, 0)
  })

  test('gives up no more than 70 % at once: a process that just started has measured little', () => {
    const share = new QuotaShare(4_000)
    wait(share, 0, 100)
    share.wasFull(100, 10, 5_000)
    expect(share.units).toBe(1_200)
  })

  test('does not shrink when others filled the vault', () => {
    const share = new QuotaShare(4_000)
    wait(share, 0, 1_000)
    share.wasFull(20_000, 5, 21_000)
    expect(share.units).toBe(4_000)
    const unused = new QuotaShare(4_000)
    unused.wasFull(20_000, 5, 21_000)
    expect(unused.units).toBe(4_000)
  })

  test('grows back while it is used and the vault is not full, faster and faster', () => {
    const share = new QuotaShare(4_000)
    wait(share, 0, 10_000)
    share.wasFull(10_000, 1_000, 10_100)
    expect(share.units).toBe(970)
    wait(share, 10_100, 20_100)
    expect(share.units).toBeGreaterThan(985)
    expect(share.units).toBeLessThan(1_000)
    wait(share, 20_200, 100_100)
    expect(share.units).toBeGreaterThan(2_000)
  })

  test('does not grow while it is not used up', () => {
    const share = new QuotaShare(4_000)
    wait(share, 0, 10_000)
    share.wasFull(10_000, 1_000, 10_100)
    for (let now = 10_100; now < 100_000; now += 2_000) share.waited(now)
    expect(share.units).toBe(970)
  })

  test('counts what was sent in the last ten seconds, without what was refused', () => {
    const share = new QuotaShare(4_000)
    for (let now = 0; now < 60_000; now += 10) share.sent(1, now)
    share.sent(-40, 60_000)
    expect(share.sentBefore(60_000)).toBeGreaterThanOrEqual(950)
    expect(share.sentBefore(60_000)).toBeLessThanOrEqual(970)
    expect(share.sentBefore(75_000)).toBe(0)
  })
})
