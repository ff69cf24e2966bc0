import { describe, expect, test } from 'vitest'
import {
  checkPolicyChange,
  keyRingPolicy,
  planPolicyChange,
  policyChangeWait,
  type KeyRingPolicy,
  type KeyRingPolicyOptions,
} from '../../src/index.ts'
import { smallTimes } from '../support/policy.ts'

const policy = keyRingPolicy({ ...smallTimes, rotationInterval: 1_000 })

/** The policy with other values. The announcement and the retention are the least possible unless they are given. */
function changed(options: KeyRingPolicyOptions): KeyRingPolicy {
  return keyRingPolicy({ ...policy, announcement: undefined, retention: undefined, ...options })
}

const valuesOf = (from: KeyRingPolicy, to: KeyRingPolicy): Partial<KeyRingPolicy>[] =>
  planPolicyChange(from, to).map((step) =>
    Object.fromEntries(Object.entries(step).filter(([name, value]) => policy[name as 'retention'] !== value)),
  )

describe('the steps from one policy to another', () => {
  test('longer times: first the retention, then the announcement, then the rest', () => {
    const to = changed({ jwksMaxAge: 4, tokenLifetime: 5, announcement: 9, retention: 10 })
    // 3 s more of announcement + L + 2K + leeway = 3 + 5 + 4 + 1.
    expect(valuesOf(policy, to)).toEqual([
      { retention: 13 },
      { retention: 13, announcement: 9 },
      { retention: 10, announcement: 9, jwksMaxAge: 4, tokenLifetime: 5 },
    ])
  })

  test('shorter times: the JWK Sets of before are gone before keys are announced for less', () => {
    const from = changed({ jwksMaxAge: 4, tokenLifetime: 5, announcement: 9, retention: 10 })
    expect(valuesOf(from, policy)).toEqual([
      { retention: 13, announcement: 9, tokenLifetime: 5 },
      { retention: 13 },
      {},
    ])
  })

  test('more clock skew: keys are announced for longer first', () => {
    expect(valuesOf(policy, changed({ clockSkew: 5 }))).toEqual([
      { retention: 17 },
      { retention: 17, announcement: 9 },
      { retention: 14, announcement: 9, clockSkew: 5 },
    ])
  })

  test('an older set that is read less often', () => {
    const to = changed({ maxSetAge: 9, refreshInterval: 3, refreshTimeout: 2, listingDelay: 4 })
    expect(valuesOf(policy, to)).toEqual([
      { retention: 15 },
      { retention: 15, announcement: 13 },
      { announcement: 13, maxSetAge: 9, refreshInterval: 3, refreshTimeout: 2, listingDelay: 4 },
    ])
  })

  test('one step where the announcement and the retention are long enough already', () => {
    for (const options of [{ rotationInterval: 20 }, { jwksMaxAge: 1, announcement: 6 }, { retention: 20 }])
      expect(planPolicyChange(policy, changed(options))).toEqual([changed(options)])
    expect(planPolicyChange(policy, policy)).toEqual([policy])
  })

  // Each value alone and together with the next, to more and to less.
  test('are policies, of which each can follow the one before it', () => {
    const values: KeyRingPolicyOptions[] = [
      { tokenLifetime: 9 },
      { jwksMaxAge: 7 },
      { clockSkew: 5 },
      { validatorLeeway: 6 },
      { refreshInterval: 3, maxSetAge: 12 },
      { refreshTimeout: 4, maxSetAge: 13 },
      { listingDelay: 5, maxSetAge: 14 },
      { announcement: 30 },
      { retention: 40 },
      { rotationInterval: null },
    ]
    const policies = [
      policy,
      ...values.flatMap((one, at) => values.slice(at, at + 2).map((two) => changed({ ...one, ...two }))),
    ]
    for (const from of policies)
      for (const to of policies) {
        const steps = planPolicyChange(from, to)
        expect(steps.at(-1)).toEqual(to)
        for (const [index, step] of steps.entries()) {
          keyRingPolicy(step)
          checkPolicyChange(steps[index - 1] ?? from, step)
        }
      }
  })

  test('that would publish more keys than verifiers read are refused', () => {
    const from = changed({ rotationInterval: 1, announcement: 50, retention: 40 })
    expect(() => planPolicyChange(from, changed({ announcement: 150 }))).toThrow(
      expect.objectContaining({
        code: 'INVALID_ARGUMENT',
        message: expect.stringContaining('up to 159 keys'),
      }),
    )
  })
})

describe('two policies side by side', () => {
  test('each announces for the greater set age, max-age and clock skew', () => {
    const next = { jwksMaxAge: 3, maxSetAge: 4, clockSkew: 3, retention: 20 }
    const most = changed({ ...next, announcement: 10 })
    checkPolicyChange(changed({ announcement: 10, retention: 20 }), most)
    for (const [from, to] of [
      [changed({ announcement: 9, retention: 21 }), most],
      [most, changed({ announcement: 9, retention: 21 })],
    ] as const)
      expect(() => checkPolicyChange(from, to)).toThrow(
        expect.objectContaining({
          code: 'INVALID_ARGUMENT',
          message:
            'the smaller announcement is 9 s, but the greater maxSetAge + jwksMaxAge + clockSkew is 4 + 3 + 3 = 10 s; ' +
            'see planPolicyChange for the steps',
        }),
      )
  })

  test('each publishes a key for as long as the other one signs with it and its tokens live', () => {
    const most = changed({
      tokenLifetime: 7,
      clockSkew: 3,
      validatorLeeway: 4,
      announcement: 12,
      retention: 17,
    })
    // 12 + 7 + 2 × 3 + 4 = 29.
    checkPolicyChange(changed({ announcement: 10, retention: 19 }), most)
    const early = changed({ announcement: 10, retention: 18 })
    for (const [from, to] of [
      [early, most],
      [most, early],
    ] as const)
      expect(() => checkPolicyChange(from, to)).toThrow(
        expect.objectContaining({
          code: 'INVALID_ARGUMENT',
          message:
            'the smaller announcement + retention is 28 s, but the greater announcement + tokenLifetime + 2 × clockSkew + ' +
            'validatorLeeway is 29 s; see planPolicyChange for the steps',
        }),
      )
  })
})

test.each([
  ['the last token', { tokenLifetime: 30, validatorLeeway: 5 }, 30 + 2 * 2 + 5],
  ['the last JWK Set', { jwksMaxAge: 20, maxSetAge: 15 }, 20 + 15 + 2],
  ['the tokens, by every clock', { tokenLifetime: 30, clockSkew: 8 }, 30 + 2 * 8 + 1],
  ['the JWK Sets, by every clock', { jwksMaxAge: 30, clockSkew: 8 }, 2 + 30 + 8],
])('the wait after a step is that for %s, of the policy before or of the next', (_name, options, seconds) => {
  expect(policyChangeWait(policy, changed(options))).toBe(seconds)
  expect(policyChangeWait(changed(options), policy)).toBe(seconds)
})

test.each([planPolicyChange, checkPolicyChange, policyChangeWait])(
  '$name takes no impossible policy',
  (change) => {
    const impossible = { ...policy, announcement: 5 }
    for (const [from, to] of [
      [impossible, policy],
      [policy, impossible],
    ] as const)
      expect(() => change(from, to)).toThrow('announcement is 5 s, but must be at least')
  },
)
