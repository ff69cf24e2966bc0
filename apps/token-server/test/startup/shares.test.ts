import { expect, test } from 'vitest'
import { shareOfQuota, signingThreads } from '../../src/startup/shares.ts'

test.each([
  [1, 8, undefined],
  [2, 8, 4],
  [3, 8, 2],
  [8, 8, 1],
  [16, 8, 1],
])('each of %i workers on %i cores signs in %j threads', (workers, cores, threads) => {
  expect(signingThreads(workers, cores)).toBe(threads)
})

test.each([
  [null, 4, undefined],
  [4_000, 4, 1_000],
  [1_000, 3, 333],
  [2, 8, 1],
])('of a quota of %j each of %i workers has %j', (quota, workers, share) => {
  expect(shareOfQuota(quota, workers)).toBe(share)
})
