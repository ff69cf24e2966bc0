import { generateKeyPairSync } from 'node:crypto'
import { expect, test } from 'vitest'
import { shareOfQuota, signingPlace } from '../../src/startup/shares.ts'

const p256 = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
const p384 = generateKeyPairSync('ec', { namedCurve: 'P-384' }).privateKey
const ed25519 = generateKeyPairSync('ed25519').privateKey

test.each([
  [1, 8, p256, {}],
  [2, 8, p256, { threads: 4 }],
  [3, 8, ed25519, { threads: 2 }],
  [8, 8, p256, { mode: 'inline' }],
  [5, 8, ed25519, { mode: 'inline' }],
  [16, 8, p384, { threads: 1 }],
])('each of %i workers on %i cores, case %#', (workers, cores, key, place) => {
  expect(signingPlace(workers, key, cores)).toEqual(place)
})

test.each([
  [null, 4, undefined],
  [4_000, 4, 1_000],
  [1_000, 3, 333],
  [2, 8, 1],
])('of a quota of %j each of %i workers has %j', (quota, workers, share) => {
  expect(shareOfQuota(quota, workers)).toBe(share)
})
