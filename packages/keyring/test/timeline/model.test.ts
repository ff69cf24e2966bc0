import { isFull } from '@sealwright/test-kit/full'
import { describe, expect, test } from 'vitest'
import { checkPolicyChange, keyRingPolicy, planPolicyChange, type KeyRingPolicy } from '../../src/index.ts'
import { combinations, play, type ModelStore } from '../support/model.ts'
import { smallTimes } from '../support/policy.ts'

const policy = keyRingPolicy({ ...smallTimes, rotationInterval: 10 })
const { announcement, retention } = policy

/** Seconds between two versions: none, around every bound, and long after. */
const gaps = isFull
  ? Array.from({ length: announcement + retention + 3 }, (_, gap) => gap)
  : [0, 1, announcement - 1, announcement, announcement + retention + 1]
const stores = combinations(gaps, gaps, gaps).map(([first = 0, second = 0, third = 0]) => ({
  created: [0, first, first + second, first + second + third],
}))
/** With two policies each case is four times as many: these are played instead of all. */
const some = isFull ? stores.filter((_store, index) => index % 20 === 0) : stores.slice(-24)
const storeOffsets = isFull ? [0, 1, 2] : [0, 2]

function playAll(
  policies: readonly KeyRingPolicy[],
  tried: readonly ModelStore[] = stores,
): { checks: number; rejects: number; late: number } {
  const total = { checks: 0, rejects: 0, late: 0 }
  for (const store of tried)
    for (const offset of storeOffsets) {
      const horizon = Math.max(...store.created) + announcement + retention
      const { checks, rejects, acceptedAfterRevocation } = play(store, policies, offset, horizon)
      total.checks += checks
      total.rejects += rejects
      total.late += acceptedAfterRevocation
    }
  return total
}

describe('every interleaving of instances, four versions, set age, cache age and clocks', () => {
  test('at the bounds, no valid token is rejected', () => {
    const { checks, rejects } = playAll([policy])
    expect(rejects).toBe(0)
    expect(checks).toBeGreaterThan(100_000)
  })

  // A store's clock has whole seconds, and the order of the ids is not that of the creation.
  describe('versions that a store dates alike and shows one after the other', () => {
    const late = keyRingPolicy({ ...policy, listingDelay: 1, maxSetAge: 3, announcement: announcement + 1 })
    const orders = [
      ['0', '1', '2'],
      ['0', '2', '1'],
    ]

    test.each(orders)('are announced together, in whichever order their ids are: %s %s %s', (...ids) => {
      const created = [0, 10, 10]
      expect(playAll([late], [{ created, ids, shownAt: [0, 10, 11] }]).rejects).toBe(0)
    })

    // So a store gives every version a later time than the one before it: the contract of the backends has that rule.
    test('are safe as the very first only when the ids have their order', () => {
      const [created, shownAt] = [
        [0, 0],
        [0, 1],
      ]
      expect(playAll([late], [{ created, ids: ['0', '1'], shownAt }]).rejects).toBe(0)
      expect(playAll([late], [{ created, ids: ['1', '0'], shownAt }]).rejects).toBeGreaterThan(0)
    })
  })

  // Below the bound of the announcement by a second. Whole seconds hide one at each end of the retention.
  test.each([
    ['announcement', { ...policy, announcement: announcement - 1 }],
    ['retention', { ...policy, retention: retention - 2 }],
  ])('below the bound of %s, some are', (_name, below) => {
    expect(playAll([below], stores.slice(-8)).rejects).toBeGreaterThan(0)
  })

  test('a revoked key is accepted no longer than the oldest set and max-age allow, and its predecessor takes over', () => {
    // The second version is switched off while the first is retiring; nobody has to do without a published key.
    const store = {
      created: [0, 0, announcement + retention + 20],
      revoked: { index: 1, at: announcement + 3 },
    }
    const { checks, rejects, late } = playAll([policy], [store])
    expect(checks).toBeGreaterThan(0)
    expect({ rejects, late }).toEqual({ rejects: 0, late: 0 })
  })

  test('a revoked key whose successor is announced is followed by that one', () => {
    const created = [0, 0, 2 * announcement + retention]
    const store = { created, revoked: { index: 1, at: 3 * announcement + retention + 2 } }
    expect(playAll([policy], [store])).toMatchObject({ rejects: 0, late: 0 })
  })
})

describe('a policy that changes while keys live, on one instance after the other', () => {
  const longer = keyRingPolicy({
    ...policy,
    announcement: announcement + 3,
    jwksMaxAge: 4,
    tokenLifetime: 5,
    retention: 10,
  })

  test('changed at once, tokens are rejected', () => {
    expect(() => checkPolicyChange(policy, longer)).toThrow('the smaller announcement is 6 s')
    expect(playAll([policy, longer], stores.slice(-8)).rejects).toBeGreaterThan(0)
  })

  test.each([
    ['to longer times', policy, longer],
    ['to shorter times', longer, policy],
    ['to a longer token', policy, keyRingPolicy({ ...policy, tokenLifetime: 6, retention: 11 })],
    ['to a shorter announcement', keyRingPolicy({ ...policy, announcement: announcement + 4 }), policy],
    ['to an older set', policy, keyRingPolicy({ ...policy, maxSetAge: 4, announcement: announcement + 2 })],
  ])('%s in the steps that are planned, none is', (_name, from, to) => {
    const steps = planPolicyChange(from, to)
    expect(steps.length).toBeGreaterThan(1)
    let current = from
    for (const step of steps) {
      expect(keyRingPolicy(step)).toEqual(step)
      expect(playAll([current, step], some).rejects).toBe(0)
      current = step
    }
    expect(current).toEqual(to)
  })

  test('takes one step where one is enough', () => {
    expect(planPolicyChange(policy, { ...policy, rotationInterval: 20 })).toHaveLength(1)
    expect(planPolicyChange(policy, { ...policy, jwksMaxAge: 1 })).toHaveLength(1)
  })
})
