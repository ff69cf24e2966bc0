import { expect, test } from 'vitest'
import { areRsaNumbersOfOneKey, toBigInt } from '../../src/internal.ts'

const key = { n: 55n, e: 3n, d: 7n, p: 5n, q: 11n, dp: 3n, dq: 7n, qi: 1n }

test('the numbers of one key', () => {
  expect(areRsaNumbersOfOneKey(key)).toBe(true)
})

// In each, all other equations of RFC 8017 §3.2 hold.
test.each([
  ['n is not the product of the primes', { n: 56n }],
  ['d does not invert e modulo p - 1', { d: 17n, dp: 1n }],
  ['d does not invert e modulo q - 1', { d: 3n, dq: 3n }],
  ['dp is another', { dp: 7n }],
  ['dq is another', { dq: 17n }],
  ['qi does not invert q', { qi: 2n }],
  ['p is 1', { p: 1n, q: 55n, d: 3n }],
  ['q is 1', { e: 5n, d: 11n, p: 55n, q: 1n, dp: 11n }],
])('%s', (_, change) => {
  expect(areRsaNumbersOfOneKey({ ...key, ...change })).toBe(false)
})

test('bytes are a big-endian number, and none are zero', () => {
  expect([[], [0], [1, 0], [0xff, 0xfe]].map((bytes) => toBigInt(Uint8Array.from(bytes)))).toEqual([
    0n,
    0n,
    256n,
    0xfffen,
  ])
})
