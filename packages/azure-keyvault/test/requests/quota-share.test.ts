import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { QuotaShare } from '../../src/requests/quota-share.ts'
import { fixedWindows, seededRandom, simulate, slidingWindow, type Process } from '../support/shared-vault.ts'

const throttles = { 'fixed windows': fixedWindows, 'a sliding window': slidingWindow }

function sum(counts: readonly number[], from: number, to: number): number {
  return counts.slice(from, to).reduce((total, count) => total + count, 0)
}

/** The part of the quota used, and the part of calls that were refused. */
function usage(processes: readonly Process[], from: number, to: number): { used: number; refused: number } {
  const accepted = processes.reduce((total, each) => total + sum(each.accepted, from, to), 0)
  const refused = processes.reduce((total, each) => total + sum(each.refused, from, to), 0)
  return { used: accepted / (400 * (to - from)), refused: refused / (accepted + refused) }
}

describe.each([1, 2, 3])('processes that share a vault and are told nothing, run %i', (seed) => {
  beforeEach(() => {
    vi.spyOn(Math, 'random').mockImplementation(seededRandom(seed))
  })
  afterEach(() => {
    vi.restoreAllMocks()
  })

  test.each(
    Object.keys(throttles).flatMap((name) =>
      [1, 2, 4].flatMap((count) => [5, 90].map((roundTrip) => [count, name, roundTrip] as const)),
    ),
  )('%i with %s and %i ms a request use the quota, with few 429s', (count, name, roundTrip) => {
    const starts = Array.from({ length: count }, () => 0)
    const throttle = throttles[name as keyof typeof throttles](4_000)
    const processes = simulate(throttle, starts, 60, { roundTrip, random: seededRandom(seed) })
    const { used, refused } = usage(processes, 0, 60)
    expect(used).toBeGreaterThan(0.93)
    // At 90 ms, 138 requests are under way when four processes that start together find the vault full.
    expect(refused).toBeLessThan(roundTrip === 5 ? 0.003 : 0.012)
    for (const { accepted } of processes) expect(sum(accepted, 0, 60)).toBeGreaterThan((0.7 * 24_000) / count)
  })

  test.each(Object.keys(throttles).flatMap((name) => [2, 4].map((count) => [count, name] as const)))(
    'the newest of %i with %s has its share within ten seconds',
    (count, name) => {
      const starts = Array.from({ length: count }, (_, index) => (index === count - 1 ? 60_000 : 0))
      const throttle = throttles[name as keyof typeof throttles](4_000)
      const processes = simulate(throttle, starts, 120, { roundTrip: 5, random: seededRandom(seed) })
      expect(sum(processes.at(-1)?.accepted ?? [], 60, 70)).toBeGreaterThan((0.8 * 4_000) / count)
      const { used, refused } = usage(processes, 60, 120)
      expect(used).toBeGreaterThan(0.93)
      expect(refused).toBeLessThan(0.01)
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

  test('becomes what the vault let through per ten seconds, less 4 %', () => {
    const share = new QuotaShare(4_000)
    wait(share, 0, 5_000)
    // 1,500 in five seconds, and then nothing for another five.
    share.wasFull(5_000, 1_500, 9_999)
    expect(share.units).toBeCloseTo(1_440, 0)
  })

  test('gives up no more than three quarters at once: a process that just started has measured little', () => {
    const share = new QuotaShare(4_000)
    wait(share, 0, 100)
    share.wasFull(100, 10, 5_000)
    expect(share.units).toBe(1_000)
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
    expect(share.units).toBe(1_000)
    wait(share, 10_100, 20_100)
    expect(share.units).toBeGreaterThan(1_020)
    expect(share.units).toBeLessThan(1_050)
    wait(share, 20_200, 80_100)
    expect(share.units).toBeGreaterThan(2_000)
  })

  test('does not grow while it is not used up', () => {
    const share = new QuotaShare(4_000)
    wait(share, 0, 10_000)
    share.wasFull(10_000, 1_000, 10_100)
    for (let now = 10_100; now < 100_000; now += 2_000) share.waited(now)
    expect(share.units).toBe(1_000)
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
