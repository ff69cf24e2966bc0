import { describe, expect, test } from 'vitest'
import { QuotaBudget } from '../../src/requests/quota-budget.ts'

/** Spends as greedily as the budget allows, on a clock of its own, and returns when each unit went. */
function spendFor(milliseconds: number, quota: number, units: number): number[] {
  const budget = new QuotaBudget(quota)
  const spent: number[] = []
  let now = 0
  while (now < milliseconds) {
    const wait = budget.waitFor(units, now)
    if (wait > 0) now += wait
    else {
      budget.spend(units, now)
      spent.push(now)
    }
  }
  return spent
}

describe('the quota budget', () => {
  test.each([
    { quota: 4_000, units: 1 },
    { quota: 4_000, units: 8 },
    { quota: 400, units: 1 },
    { quota: 4_000, units: 200 },
    { quota: 20, units: 1 },
    { quota: 20, units: 2 },
  ])(
    'no ten seconds hold more than $quota in units of $units, and a minute holds 95 %',
    ({ quota, units }) => {
      const spent = spendFor(60_000, quota, units)
      for (const [index, start] of spent.entries()) {
        let end = index
        while ((spent[end] ?? Infinity) < start + 10_000) end++
        // One request that costs more than a burst may go over it, and is paid off afterwards.
        expect((end - index) * units).toBeLessThanOrEqual(quota + Math.max(1, units - 1))
      }
      expect(spent.length * units).toBeGreaterThanOrEqual(0.95 * 6 * quota)
    },
  )

  test('callers are served evenly: after the burst no wait is longer than a few milliseconds', () => {
    const spent = spendFor(20_000, 4_000, 1)
    const waits = spent.map((at, index) => at - (spent[index - 1] ?? 0))
    expect(Math.max(...waits)).toBeLessThan(3)
  })

  test('a pause holds for everybody, and a shorter one after it changes nothing', () => {
    const budget = new QuotaBudget(4_000)
    const [first, second] = [budget.spend(1, 0), budget.spend(1, 0)]
    first.refused(1_000, 4_000)
    second.refused(1_000, 2_000)
    expect(budget.waitFor(1, 1_000)).toBe(4_000)
    expect(budget.pausedFor(1_000)).toBe(4_000)
    expect(budget.waitFor(1, 5_000)).toBe(0)
    expect(budget.pausedFor(6_000)).toBe(0)
  })

  test('tells how long the wait is behind others: as long as it then takes', () => {
    const budget = new QuotaBudget(400)
    budget.spend(50, 0)
    const expected = budget.expectedWait(8, 500, 100)
    let now = 500
    for (let ahead = 0; ahead < 100; ahead++) {
      now += budget.waitFor(1, now)
      budget.spend(1, now)
    }
    now += budget.waitFor(8, now)
    expect(now - 500).toBeCloseTo(expected, 6)
  })
})
