import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { QuotaBudget } from '../../src/requests/quota-budget.ts'
import { QuotaShare } from '../../src/requests/quota-share.ts'
import {
  fixedWindows,
  seededRandom,
  simulate,
  slidingWindow,
  type Process,
} from '../support/shared-vault.ts'

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
  )('%i with %s and %i ms a request use 0.9 of the quota, with few 429s', (count, name, roundTrip) => {
    const starts = Array.from({ length: count }, () => 0)
    const throttle = throttles[name as keyof typeof throttles](4_000)
    const processes = simulate(throttle, starts, 60, { roundTrip, random: seededRandom(seed) })
    const { used, refused } = usage(processes, 0, 60)
    expect(used).toBeGreaterThan(0.88)
    // At 90 ms, 138 requests are under way when four processes that start together find the vault full.
    expect(refused).toBeLessThan(roundTrip === 5 ? 0.005 : 0.013)
  })
})
