import { expect, test } from 'vitest'
import { keyRingPolicy, publishedKeys } from '../../src/index.ts'

test('the defaults are possible, and as short as they can be', () => {
  const policy = keyRingPolicy()
  expect(policy.announcement).toBe(86_400 + 3_600 + 60)
  expect(policy.retention).toBe(3_600 + 2 * 60 + 300)
  expect(publishedKeys(policy)).toBe(2)
  expect(keyRingPolicy(policy)).toEqual(policy)
})

test.each([
  [
    { announcement: 3_600 },
    'announcement is 3,600 s, but must be at least maxSetAge + jwksMaxAge + clockSkew = 86,400 + 3,600 + 60 = 90,060 s',
  ],
  [
    { retention: 3_600 },
    'retention is 3,600 s, but must be at least tokenLifetime + 2 × clockSkew + validatorLeeway = 3,600 + 120 + 300 = 4,020 s',
  ],
  [
    { maxSetAge: 300 },
    'maxSetAge is 300 s, but must be at least refreshInterval + refreshTimeout + listingDelay = 300 + 60 + 10 = 370 s',
  ],
  [
    { rotationInterval: 900 },
    'up to 106 keys: 1 × (1 + ⌈(announcement + retention) ÷ rotationInterval⌉) = 1 × (1 + ⌈(90,060 + 4,020) ÷ 900⌉)',
  ],
  [{ clockSkew: 0 }, 'clockSkew must be a whole number of seconds from 1 to 3,162,240,000, not 0'],
  [
    { tokenLifetime: 1.5 },
    'tokenLifetime must be a whole number of seconds from 1 to 3,162,240,000, not 1.5',
  ],
  [
    { jwksMaxAge: Infinity },
    'jwksMaxAge must be a whole number of seconds from 0 to 3,162,240,000, not Infinity',
  ],
  [
    { refreshTimeout: 5_000_000 },
    'refreshTimeout must be a whole number of seconds from 1 to 2,147,483, not 5000000',
  ],
  [
    { rotationInterval: 0 },
    'rotationInterval must be a whole number of seconds from 1 to 3,162,240,000, not 0',
  ],
])('%o is refused with the arithmetic', (options, message) => {
  expect(() => keyRingPolicy(options)).toThrow(
    expect.objectContaining({ code: 'INVALID_ARGUMENT', message: expect.stringContaining(message) }),
  )
})

test('the keys of several algorithms and shards count together', () => {
  expect(() => keyRingPolicy({}, 50)).not.toThrow()
  expect(() => keyRingPolicy({}, 51)).toThrow('up to 102 keys: 51 × (1 + ')
  expect(() => keyRingPolicy({}, 0)).toThrow('signers must be a whole number of at least 1, not 0')
})
