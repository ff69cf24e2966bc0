import { expect, test } from 'vitest'
import { backoff } from '../../src/requests/backoff.ts'

test('waits double up to two seconds, and their upper half is random', () => {
  for (const [attempt, longest] of [100, 200, 400, 800, 1_600, 2_000, 2_000].entries()) {
    const waits = Array.from({ length: 200 }, () => backoff(attempt))
    expect(Math.min(...waits)).toBeGreaterThanOrEqual(longest / 2)
    expect(Math.max(...waits)).toBeLessThanOrEqual(longest)
    expect(new Set(waits).size).toBeGreaterThan(100)
  }
})
