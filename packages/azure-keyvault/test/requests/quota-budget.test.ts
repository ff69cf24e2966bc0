import { describe, expect, test } from 'vitest'
import { QuotaBudget, type Spending } from '../../src/requests/quota-budget.ts'

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

  test('a pause holds for all requests: a longer one replaces it, and a shorter one or none does not', () => {
    const budget = new QuotaBudget(4_000)
    const sent = [3_000, 4_000, 2_000, null].map((pause) => ({ pause, request: budget.spend(1, 0) }))
    for (const { request, pause } of sent) request.refused(1_000, pause)
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

  test('a vault that is full is asked by one request at a time, later and later, until it takes one', () => {
    const budget = new QuotaBudget(4_000)
    const [first, second] = [budget.spend(1, 0), budget.spend(1, 0)]
    first.refused(100, null)
    second.refused(110, null)
    const waits: number[] = []
    let now = 110
    for (let index = 0; index < 7; index++) {
      const wait = budget.waitFor(1, now)
      waits.push(wait)
      now += wait
      const probe = budget.spend(1, now)
      // Nobody else meanwhile.
      expect(budget.waitFor(1, now)).toBe(Infinity)
      if (index < 6) probe.refused(now, null)
      else probe.accepted(now)
    }
    for (const [index, longest] of [250, 500, 1_000, 1_000, 1_000, 1_000].entries()) {
      // The first one was set 10 ms before.
      expect(waits[index]).toBeGreaterThanOrEqual(longest / 2 - 10)
      expect(waits[index]).toBeLessThanOrEqual(longest)
    }
    // And then evenly, without a burst.
    const next = budget.waitFor(1, now)
    expect(next).toBeGreaterThan(0)
    expect(next).toBeLessThan(20)
  })

  test('a full vault that says how long is left alone for as long, each time', () => {
    const budget = new QuotaBudget(4_000)
    budget.spend(1, 0).refused(0, 1_000)
    expect(budget.waitFor(1, 0)).toBe(1_000)
    const probe = budget.spend(1, 1_000)
    probe.refused(1_100, 30_000)
    // Reported as over, too, when the request ends.
    probe.unanswered(1_100)
    probe.accepted(1_100)
    expect(budget.waitFor(1, 1_100)).toBe(30_000)
  })

  test('a request to a full vault that is not answered leaves its place to another', () => {
    const budget = new QuotaBudget(4_000)
    budget.spend(1, 0).refused(0, null)
    const probe = budget.spend(1, 500)
    expect(budget.waitFor(1, 500)).toBe(Infinity)
    probe.unanswered(600)
    expect(budget.waitFor(1, 600)).toBeLessThanOrEqual(250)
  })

  test('its share becomes what the vault let through, less 3 %: without what it refused, early or late', () => {
    const budget = new QuotaBudget(4_000)
    const sent: Spending[] = []
    for (let now = 0; now < 10_000; now += 10) {
      budget.waited(now)
      sent.push(budget.spend(1, now))
    }
    for (const request of sent.slice(-10)) request.refused(10_000, 2_000)
    // Those that wait while the vault is full are not new users of it.
    budget.waited(11_500)
    budget.spend(1, 12_000).accepted(12_010)
    // 100 a second, from 100 ms on.
    expect(budget.status(12_010).share).toBeCloseTo(0.97 * (990 - 10), 6)
  })

  test('answers to requests from before the vault was full, or from meanwhile, change nothing', () => {
    const budget = new QuotaBudget(4_000)
    const early = Array.from({ length: 4 }, () => budget.spend(1, 0))
    early[0]?.refused(100, null)
    early[1]?.accepted(110)
    expect(budget.waitFor(1, 110)).toBeGreaterThan(0)
    budget.spend(1, 300).accepted(310)
    expect(budget.pausedFor(310)).toBe(0)
    // Sent before, refused, and late.
    early[2]?.refused(400, null)
    expect(budget.pausedFor(400)).toBe(0)
    expect(budget.status(0).share).toBe(4_000)
  })
})
