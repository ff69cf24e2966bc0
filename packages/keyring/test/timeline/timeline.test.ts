import { describe, expect, test } from 'vitest'
import {
  evaluateTimeline,
  keyRingPolicy,
  nextRotation,
  type KeyVersion,
  type VersionState,
} from '../../src/index.ts'

const day = 86_400_000
const policy = keyRingPolicy({
  tokenLifetime: 3_600,
  jwksMaxAge: 3_600,
  announcement: 2 * 86_400,
  retention: 86_400,
  rotationInterval: 90 * 86_400,
})

/** A version by the days of its times; the first of a ring is made on day 0. */
function version(
  id: string,
  created: number | null,
  rest: { from?: number; to?: number; enforced?: boolean; enabled?: boolean } = {},
): KeyVersion {
  return {
    id,
    createdAt: date(created ?? undefined),
    notBefore: date(rest.from),
    notAfter: date(rest.to),
    enforcesValidity: rest.enforced ?? false,
    enabled: rest.enabled ?? true,
  }
}

function date(days: number | undefined): Date | null {
  return days === undefined ? null : new Date(days * day)
}

function statesOn(days: number, ...versions: KeyVersion[]): Record<string, VersionState> {
  const timeline = evaluateTimeline(versions, policy, days * day)
  return Object.fromEntries(timeline.versions.map(({ version: { id }, state }) => [id, state]))
}

describe('what is malformed is refused', () => {
  const good = version('a', 0)

  test.each<[unknown, unknown, unknown, string]>([
    [{}, policy, 0, 'versions must be an array'],
    [[good, null], policy, 0, 'versions[1] must be an object'],
    [[{ ...good, id: 1 }], policy, 0, 'versions[0].id must be a string'],
    [[{ ...good, createdAt: new Date(Number.NaN) }], policy, 0, 'versions[0].createdAt must be a valid Date'],
    [[{ ...good, notBefore: 0 }], policy, 0, 'versions[0].notBefore must be a valid Date'],
    [[{ ...good, notAfter: undefined }], policy, 0, 'versions[0].notAfter must be a valid Date'],
    [[{ ...good, enabled: 'no' }], policy, 0, 'versions[0].enabled must be true or false'],
    [[{ ...good, enforcesValidity: 1 }], policy, 0, 'versions[0].enforcesValidity must be true or false'],
    [[good], { maxSetAge: 900 }, 0, 'policy.announcement must be a number of seconds'],
    [[good], { ...policy, announcement: Number.NaN }, 0, 'policy.announcement must be a number of seconds'],
    [[good], undefined, 0, 'policy must be an object'],
    [[good], policy, Number.NaN, 'now must be a number of milliseconds since 1970'],
    [[good], policy, new Date(), 'now must be a number of milliseconds since 1970'],
  ])('%o, %o, %o', (versions, given, now, message) => {
    const refused = expect.objectContaining({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining(message),
    })
    const args = [versions, given, now] as [KeyVersion[], typeof policy, number]
    expect(() => evaluateTimeline(...args)).toThrow(refused)
    expect(() => nextRotation(...args)).toThrow(refused)
  })

  test('a time of the issuer that is no number', () => {
    expect(() => evaluateTimeline([good], policy, 0, Number.NaN)).toThrow('issuerSince must be a number')
    expect(evaluateTimeline([good], policy, 0, -Infinity).active).toBeNull()
  })
})

const untilOn = (days: number, versions: readonly KeyVersion[]) =>
  evaluateTimeline(versions, policy, days * day).until / day

const nextOn = (days: number, ...versions: KeyVersion[]) => nextRotation(versions, policy, days * day) / day

const alarmOn = (days: number, ...versions: KeyVersion[]) =>
  evaluateTimeline(versions, policy, days * day).alarm

describe('a rotation', () => {
  const versions = [version('b', 90), version('a', 0)]

  test.each([
    [89.9, { a: 'active', b: 'announced' }],
    [91.999, { a: 'active', b: 'announced' }],
    [92, { a: 'retiring', b: 'active' }],
    [92.999, { a: 'retiring', b: 'active' }],
    [93, { a: 'retired', b: 'active' }],
    [1_000, { a: 'retired', b: 'active' }],
  ])('on day %d', (days, states) => {
    expect(statesOn(days, ...versions)).toEqual(states)
  })

  test('says when it changes next', () => {
    expect([untilOn(90, versions), untilOn(92, versions), untilOn(93, versions)]).toEqual([92, 93, Infinity])
  })

  test.each([
    { days: 1, versions: [version('a', 0)], times: { a: [-Infinity, Infinity, Infinity] } },
    { days: 1, versions: [version('a', 0, { to: 365 })], times: { a: [-Infinity, 365, 365] } },
    { days: 90, versions, times: { a: [-Infinity, 92, 93], b: [92, Infinity, Infinity] } },
    { days: 500, versions, times: { a: [-Infinity, 92, 93], b: [92, Infinity, Infinity] } },
    // The certificate ends before the last token would have.
    {
      days: 90,
      versions: [version('a', 0, { to: 92.5 }), version('b', 90, { to: 400 })],
      times: { a: [-Infinity, 92, 92.5], b: [92, 400, 400] },
    },
    // One that is switched off takes over from none.
    {
      days: 90,
      versions: [version('a', 0), version('b', 90, { enabled: false }), version('c', 90.5)],
      times: { a: [-Infinity, 92.5, 93.5], c: [92.5, Infinity, Infinity] },
    },
    // Of two that were made at the same time one takes over, and the other one never signs.
    {
      days: 90,
      versions: [version('a', 0), version('b', 90), version('c', 90)],
      times: { a: [-Infinity, 92, 93], b: [92, 92, 93], c: [92, Infinity, Infinity] },
    },
    // The first one is over before the second is announced for long enough, and the second signs at once.
    {
      days: 90.5,
      versions: [version('a', 0, { to: 90.25 }), version('b', 90.125)],
      times: { a: [-Infinity, 90.25, 90.25], b: [92.125, Infinity, Infinity] },
    },
    { days: 1, versions: [version('a', null)], times: { a: [-Infinity, Infinity, Infinity] } },
  ])(
    'says when each version signs and leaves the JWK Set: $times on day $days',
    ({ days, versions: given, times }) => {
      const timeline = evaluateTimeline(given, policy, days * day)
      const found = timeline.versions.map(({ version: { id }, startsAt, stopsAt, leavesAt }) => [
        id,
        [startsAt / day, stopsAt / day, leavesAt / day],
      ])
      expect(Object.fromEntries(found)).toMatchObject(times)
    },
  )

  test('is the same whatever order the versions come in', () => {
    expect(statesOn(92, ...versions.toReversed())).toEqual(statesOn(92, ...versions))
  })
})

describe('the first version', () => {
  test('signs at once, also where the clock of its store is ahead', () => {
    expect(statesOn(0, version('a', 0.0001))).toEqual({ a: 'active' })
    expect(alarmOn(0, version('a', 0.0001))).toBeNull()
  })

  test('waits for its notBefore', () => {
    expect(statesOn(0, version('a', 0, { from: 1 }))).toEqual({ a: 'announced' })
    expect(evaluateTimeline([version('a', 0, { from: 1 })], policy, 0).active).toBeNull()
  })

  test('of two that were made at the same time is the same for all, and the other one follows it', () => {
    const [a, b] = [version('a', 0), version('b', 0)]
    expect(statesOn(0, a, b)).toEqual({ a: 'active', b: 'announced' })
    expect(statesOn(0, b, a)).toEqual({ a: 'active', b: 'announced' })
    expect(statesOn(2, b, a)).toEqual({ a: 'retiring', b: 'active' })
  })

  test('may come without a time of creation, and counts as the oldest', () => {
    expect(statesOn(1, version('b', 0), version('a', null))).toEqual({ a: 'active', b: 'announced' })
  })

  test('of one algorithm is announced when the issuer is older, and at once when both were made together', () => {
    const evaluate = (issuerSince: number) =>
      evaluateTimeline([version('a', 10)], policy, 10 * day, issuerSince)
    expect(evaluate(0)).toMatchObject({ active: null, until: 12 * day })
    expect(evaluate(-Infinity)).toMatchObject({ active: null })
    expect(evaluate(10 * day - 1_000)).toMatchObject({ active: { id: 'a' } })
  })
})

describe('notBefore and notAfter', () => {
  const skew = policy.clockSkew / 86_400

  test.each([
    { of: 'nobody enforces', enforced: false, from: 30, startsOn: 30 },
    { of: 'the store enforces', enforced: true, from: 30, startsOn: 30 + skew },
    { of: 'nobody enforces, before the end of the announcement', enforced: false, from: 2.9999, startsOn: 3 },
    {
      of: 'the store enforces, just before the end of the announcement',
      enforced: true,
      from: 2.9999,
      startsOn: 2.9999 + skew,
    },
  ])('a later notBefore that $of delays the start', ({ enforced, from, startsOn }) => {
    const versions = [version('a', 0), version('b', 1, { from, enforced })]
    expect(statesOn(startsOn - 1e-6, ...versions)).toEqual({ a: 'active', b: 'announced' })
    expect(statesOn(startsOn + 1e-6, ...versions)).toEqual({ a: 'retiring', b: 'active' })
  })

  test('a certificate that is renewed begins now, and its key goes on signing where nobody enforces that', () => {
    const [before, renewed] = [version('a', 0), version('b', 1, { from: 300 })]
    expect(statesOn(300, before, renewed)).toEqual({ a: 'retiring', b: 'active' })
    // A vault whose clock is behind would refuse.
    const inVault = { ...renewed, enforcesValidity: true }
    expect(statesOn(300, before, inVault)).toEqual({ a: 'active', b: 'announced' })
  })

  test('a notBefore in the past does not shorten the announcement', () => {
    expect(statesOn(1.5, version('a', 0), version('b', 1, { from: -300 }))).toEqual({
      a: 'active',
      b: 'announced',
    })
  })

  test('nothing signs or is published after notAfter', () => {
    const versions = [version('a', 0, { to: 10 }), version('b', 9.5)]
    expect(statesOn(9.9, ...versions)).toEqual({ a: 'active', b: 'announced' })
    expect(statesOn(10, ...versions)).toEqual({ a: 'retired', b: 'active' })
    expect(alarmOn(10, ...versions)).toEqual({ reason: 'unannounced', until: 11.5 * day })
    expect(evaluateTimeline([version('a', 0, { to: 10 })], policy, 10 * day).active).toBeNull()
  })

  test('the version before signs again when the one after it ends first', () => {
    const versions = [version('a', 0), version('b', 1, { to: 20 }), version('c', 29)]
    expect(statesOn(20, ...versions)).toMatchObject({ a: 'active', b: 'retired' })
    expect(alarmOn(20, ...versions)).toEqual({ reason: 'reactivated', until: null })
    expect(statesOn(31.5, ...versions)).toEqual({ a: 'retiring', b: 'retired', c: 'active' })
  })
})

describe('a version that is switched off', () => {
  test('is followed by the one before it, which is still published', () => {
    const versions = [version('a', 0), version('b', 1, { enabled: false })]
    expect(statesOn(3.5, ...versions)).toEqual({ a: 'active', b: 'revoked' })
    expect(alarmOn(3.5, ...versions)).toBeNull()
  })

  test('is followed by the newest one that was announced long enough', () => {
    const versions = [version('a', 0), version('b', 1), version('c', 5, { enabled: false }), version('d', 8)]
    expect(statesOn(8, ...versions)).toMatchObject({ b: 'active', c: 'revoked', d: 'announced' })
  })

  test('is followed by the newest when there is no such, and says until when tokens may be refused', () => {
    const versions = [version('a', 0, { enabled: false }), version('b', 1), version('c', 1.5)]
    expect(statesOn(2, ...versions)).toEqual({ a: 'revoked', b: 'announced', c: 'active' })
    expect(alarmOn(2, ...versions)).toEqual({ reason: 'unannounced', until: 3.5 * day })
  })

  test('leaves nothing to sign with when it was the only one', () => {
    expect(evaluateTimeline([version('a', 0, { enabled: false })], policy, 0).active).toBeNull()
  })

  test('its predecessor stays published after it has signed again', () => {
    const versions = [version('a', 0), version('b', 1, { enabled: false }), version('c', 40)]
    expect(statesOn(41.9, ...versions)).toEqual({ a: 'active', b: 'revoked', c: 'announced' })
    expect(statesOn(42.9, ...versions)).toEqual({ a: 'retiring', b: 'revoked', c: 'active' })
    expect(statesOn(43, ...versions)).toEqual({ a: 'retired', b: 'revoked', c: 'active' })
  })
})

describe('the next rotation', () => {
  test('is early enough for the next version to take over after the interval', () => {
    expect(nextOn(0, version('a', 0))).toBe(88)
    expect(nextOn(89, version('a', 0), version('b', 88))).toBe(178)
  })

  test('comes before notAfter, so that the last token can expire', () => {
    expect(nextOn(0, version('a', 0, { to: 30 }))).toBe(27)
  })

  test('counts from the newest that can sign', () => {
    expect(nextOn(60, version('a', 0), version('b', 50, { enabled: false }))).toBe(88)
  })

  test('is at once when none can', () => {
    expect(nextOn(0)).toBe(-Infinity)
    expect(nextOn(0, version('a', 0, { enabled: false }))).toBe(-Infinity)
  })

  test('goes by notAfter alone without an interval or a time of creation', () => {
    expect(nextOn(0, version('a', null))).toBe(Infinity)
    const never = keyRingPolicy({ ...policy, rotationInterval: null })
    expect(nextRotation([version('a', 0, { to: 30 })], never, 0) / day).toBe(27)
  })
})
