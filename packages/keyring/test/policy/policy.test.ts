import { expect, test } from 'vitest'
import { keyRingPolicy, publishedKeys, type KeyRingPolicyOptions } from '../../src/index.ts'

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
    'announcement is 3,600 s, but must be at least maxSetAge + jwksMaxAge + clockSkew = 86,400 + 3,600 + 60 = 90,060 s; ' +
      'otherwise a new key would sign while a verifier still holds a JWK Set without it',
  ],
  [
    { retention: 3_600 },
    'retention is 3,600 s, but must be at least tokenLifetime + 2 × clockSkew + validatorLeeway = 3,600 + 120 + 300 = 4,020 s; ' +
      'otherwise a key would leave the JWK Set while tokens that it signed are still valid',
  ],
  [
    { maxSetAge: 300 },
    'maxSetAge is 300 s, but must be at least refreshInterval + refreshTimeout + listingDelay = 300 + 60 + 10 = 370 s; ' +
      'otherwise an instance would stop signing between two successful refreshes',
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
    { tokenLifetime: '3600' },
    'tokenLifetime must be a whole number of seconds from 1 to 3,162,240,000, not of type string',
  ],
  [
    { validatorLeeway: 3_162_240_001 },
    'validatorLeeway must be a whole number of seconds from 0 to 3,162,240,000, not 3162240001',
  ],
  [
    { refreshInterval: 0 },
    'refreshInterval must be a whole number of seconds from 1 to 3,162,240,000, not 0',
  ],
  [{ listingDelay: -1 }, 'listingDelay must be a whole number of seconds from 0 to 3,162,240,000, not -1'],
  [{ maxSetAge: 0 }, 'maxSetAge must be a whole number of seconds from 1 to 3,162,240,000, not 0'],
  [
    { maxSetAge: 5n },
    'maxSetAge must be a whole number of seconds from 1 to 3,162,240,000, not of type bigint',
  ],
  [{ announcement: 0 }, 'announcement must be a whole number of seconds from 1 to 3,162,240,000, not 0'],
  [{ retention: 0 }, 'retention must be a whole number of seconds from 1 to 3,162,240,000, not 0'],
  [{ rotationInterval: 950 }, 'Verifiers read at most 100; rotate less often'],
  [
    { lifetime: 900 },
    'policy.lifetime is not an option; the options are tokenLifetime, jwksMaxAge, clockSkew, validatorLeeway, refreshInterval, ' +
      'refreshTimeout, listingDelay, maxSetAge, announcement, retention, rotationInterval',
  ],
  [
    { rotationInterval: 0 },
    'rotationInterval must be a whole number of seconds from 1 to 3,162,240,000, not 0',
  ],
])('%o is refused with the arithmetic', (options, message) => {
  expect(() => keyRingPolicy(options as KeyRingPolicyOptions)).toThrow(
    expect.objectContaining({ code: 'INVALID_ARGUMENT', message: expect.stringContaining(message) }),
  )
})

test('the bounds themselves are possible', () => {
  keyRingPolicy({ jwksMaxAge: 0, validatorLeeway: 0, listingDelay: 0, clockSkew: 1, tokenLifetime: 1 })
  keyRingPolicy({ maxSetAge: 300 + 60 + 10 })
  keyRingPolicy({ maxSetAge: 3, refreshInterval: 1, refreshTimeout: 1, listingDelay: 1 })
  keyRingPolicy({ rotationInterval: 3_162_240_000, tokenLifetime: 1_000_000_000 })
  keyRingPolicy({ refreshTimeout: 2_147_483, maxSetAge: 3_000_000 })
  // 1 + ⌈(90,060 + 4,020) ÷ 951⌉ = 100.
  expect(publishedKeys(keyRingPolicy({ rotationInterval: 951 }))).toBe(100)
  expect(publishedKeys(keyRingPolicy({ rotationInterval: null }))).toBe(2)
})

test('a policy cannot be changed', () => {
  const policy = keyRingPolicy()
  expect(() => Object.assign(policy, { retention: 1 })).toThrow(TypeError)
})

test('only a complete policy has a number of keys', () => {
  expect(() => publishedKeys({ ...keyRingPolicy(), retention: Number.NaN })).toThrow(
    'policy.retention must be a number of seconds',
  )
})

test('the keys of several algorithms and shards count together', () => {
  expect(() => keyRingPolicy({}, 50)).not.toThrow()
  expect(() => keyRingPolicy({}, 51)).toThrow('up to 102 keys: 51 × (1 + ')
  const never = { rotationInterval: null }
  expect(() => keyRingPolicy(never, 51)).toThrow('up to 102 keys: 51 × (1 + ')
  expect(() => keyRingPolicy({}, 0)).toThrow(
    expect.objectContaining({
      code: 'INVALID_ARGUMENT',
      message: 'signers must be a whole number of at least 1, not 0',
    }),
  )
  expect(() => keyRingPolicy({}, 1.5)).toThrow('signers must be a whole number of at least 1, not 1.5')
})
