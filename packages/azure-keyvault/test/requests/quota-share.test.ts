import { describe, expect, test } from 'vitest'
import { QuotaShare } from '../../src/requests/quota-share.ts'

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
    wait(share, 3_000, 8_000)
    // 1,500 in five seconds, and then nothing for another five.
    share.wasFull(8_000, 1_500, 12_999)
    expect(share.units).toBeCloseTo(1_455, 6)
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
    for (let now = 10_100; now < 100_000; now += 1_001) share.waited(now)
    expect(share.units).toBe(970)
    // A second apart is close enough.
    for (let now = 100_000; now < 110_000; now += 1_000) share.waited(now)
    expect(share.units).toBeGreaterThan(970)
  })

  test('counts what was sent in the last ten seconds, without what was refused', () => {
    const share = new QuotaShare(4_000)
    for (let now = 0; now < 60_000; now += 10) share.sent(1, now)
    share.sent(-40, 60_000)
    // It counts in tenths of a second. The oldest one, which has begun to leave, is left out.
    expect(share.sentBefore(60_000)).toBe(990 - 40)
    expect(share.sentBefore(75_000)).toBe(0)
  })
})
