import { expect, test } from 'vitest'
import { creationCost, creationQuota, signingCost } from '../../src/requests/quota-costs.ts'

test('20 keys in ten seconds, 10 in hardware, and of both the part that the quota is', () => {
  expect([4_000, 800, 200, 100].map(creationQuota)).toEqual([20, 4, 1, 1])
  expect([false, true].map(creationCost)).toEqual([1, 2])
})

test('a signature costs what the service weighs it', () => {
  expect([2048, 3072, 4096, null].map((bits) => signingCost(bits, false))).toEqual([1, 4, 8, 1])
  expect([2048, 3072, 4096, null].map((bits) => signingCost(bits, true))).toEqual([2, 8, 16, 2])
})
