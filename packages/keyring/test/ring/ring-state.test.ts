import { describe, expect, test } from 'vitest'
import { publishedAlgorithms, union, type RingState } from '../../src/ring/ring-state.ts'
import { day, ringKey, stateOn } from '../support/ring-keys.ts'

const statesOf = ({ entries }: RingState): string[] =>
  entries.map(({ ringKey: { key }, state }) => `${key.keyId} ${state}`)

const signersOf = ({ lanes }: RingState): (string | undefined)[] =>
  lanes.map(({ timeline }) => timeline.active?.key.keyId)

test('keys are listed by what they are, and the newest of each state first', () => {
  const keys = [
    ringKey('retired', { made: null }),
    ringKey('older', { made: 100 }),
    ringKey('gone', { made: 104, enabled: false }),
    ringKey('retiring', { made: 105 }),
    ringKey('active', { made: 106 }),
    ringKey('announced', { made: 107.9 }),
    ringKey('next', { made: 108 }),
  ]
  const expected = [
    'active active',
    'retiring retiring',
    'next announced',
    'announced announced',
    'older retired',
    'retired retired',
    'gone revoked',
  ]
  expect(statesOf(stateOn(108.1, keys))).toEqual(expected)
  expect(statesOf(stateOn(108.1, keys.toReversed()))).toEqual(expected)
})

test('of keys that sign, that of the first algorithm is the first, whichever is newer', () => {
  const keys = [ringKey('es', { made: 1 }), ringKey('ed', { algorithms: ['Ed25519'] })]
  expect(statesOf(stateOn(10, keys, ['Ed25519', 'ES256']))).toEqual(['ed active', 'es active'])
  expect(statesOf(stateOn(10, keys, ['ES256', 'Ed25519']))).toEqual(['es active', 'ed active'])
})

describe('each algorithm and each shard', () => {
  test('has a key of its own that signs', () => {
    const keys = ['one', 'two'].flatMap((shard) => [
      ringKey(`es of ${shard}`, { shard }),
      ringKey(`ed of ${shard}`, { shard, algorithms: ['Ed25519'] }),
    ])
    const state = stateOn(10, keys, ['Ed25519', 'ES256'])
    expect(state.lanes.map(({ algorithm, shard }) => `${algorithm} ${shard}`)).toEqual([
      'Ed25519 one',
      'Ed25519 two',
      'ES256 one',
      'ES256 two',
    ])
    expect(signersOf(state)).toEqual(['ed of one', 'ed of two', 'es of one', 'es of two'])
  })

  test('has none where no key can sign', () => {
    const keys = [ringKey('es', { shard: 'one' }), ringKey('ed', { shard: 'two', algorithms: ['Ed25519'] })]
    expect(stateOn(10, keys, ['ES256']).lanes).toMatchObject([{ algorithm: 'ES256', shard: 'one' }])
    expect(stateOn(10, [ringKey('none', { algorithms: [] })]).lanes).toEqual([])
    expect(stateOn(10, [ringKey('theirs', { signs: false })]).lanes).toEqual([])
    expect(stateOn(10, []).lanes).toEqual([])
  })

  test('that is added to an issuer is announced, also where the time of its first key is not known', () => {
    for (const made of [0, null]) {
      const keys = [ringKey('es', { made }), ringKey('ed', { made: 10, algorithms: ['Ed25519'] })]
      expect(signersOf(stateOn(11, keys, ['ES256', 'Ed25519']))).toEqual(['es', undefined])
      expect(signersOf(stateOn(12, keys, ['ES256', 'Ed25519']))).toEqual(['es', 'ed'])
    }
  })
})

test('a key of several algorithms is what it is for the one that needs it most, and for as long', () => {
  const both = ringKey('both', { algorithms: ['RS256', 'PS256'] })
  const next = ringKey('next', { made: 90, algorithms: ['PS256'] })
  const [first, second] = stateOn(92.5, [both, next], ['RS256', 'PS256']).entries
  expect(first).toMatchObject({
    ringKey: both,
    state: 'active',
    algorithms: ['RS256', 'PS256'],
    times: { startsAt: -Infinity, stopsAt: Infinity, leavesAt: Infinity },
  })
  expect(second).toMatchObject({ ringKey: next, state: 'active', algorithms: ['PS256'] })
  expect(stateOn(92.5, [ringKey('one'), ringKey('two', { made: 90 })]).entries[1]).toMatchObject({
    algorithms: ['ES256'],
    times: { startsAt: -Infinity, stopsAt: 92 * day, leavesAt: 93 * day },
  })
})

test('a key that starts later for another algorithm starts with the first one', () => {
  // Both were made when the issuer began; one of them is the second for PS256.
  const both = ringKey('both', { made: 0.0005, algorithms: ['RS256', 'PS256'] })
  const keys = [ringKey('first', { algorithms: ['PS256'] }), both]
  expect(stateOn(1, keys, ['RS256', 'PS256']).entries[0]).toMatchObject({
    ringKey: both,
    times: { startsAt: -Infinity },
  })
})

test('what is published at either of two times is what it is now, unless it is published only at the other', () => {
  const [a, b] = [ringKey('a'), ringKey('b', { made: 90 })]
  const off = { ...a, enabled: false }
  const of = (days: number, ...others: RingState['entries'][]) =>
    union(stateOn(days, [a, b]).entries, others.flat()).map(
      ({ ringKey: { key }, state }) => `${key.keyId} ${state}`,
    )
  expect(of(100)).toEqual(['b active', 'a retired'])
  expect(of(100, stateOn(91, [a, b]).entries)).toEqual(['b active', 'a active'])
  expect(of(91, stateOn(100, [a, b]).entries)).toEqual(['a active', 'b announced'])
  const revoked = stateOn(91, [off]).entries.map((entry) => ({ ...entry, ringKey: a }))
  expect(of(100, revoked)).toEqual(['b active', 'a retired'])
})

describe('a key that never signs', () => {
  const theirs = ringKey('theirs', { signs: false, until: 20 })

  test('is published until its certificate ends', () => {
    expect(statesOf(stateOn(19.999, [theirs]))).toEqual(['theirs retiring'])
    expect(statesOf(stateOn(20, [theirs]))).toEqual(['theirs retired'])
    expect(statesOf(stateOn(1_000, [ringKey('theirs', { signs: false })]))).toEqual(['theirs retiring'])
    expect(stateOn(10, [theirs]).entries).toMatchObject([
      { algorithms: [], times: { startsAt: Infinity, stopsAt: Infinity, leavesAt: 20 * day } },
    ])
  })

  test('is revoked when it is disabled', () => {
    expect(statesOf(stateOn(10, [{ ...theirs, enabled: false }]))).toEqual(['theirs revoked'])
  })

  test('changes the state of the ring when it ends', () => {
    expect(stateOn(10, [ringKey('a'), theirs]).until).toBe(20 * day)
    expect(stateOn(20, [ringKey('a'), theirs]).until).toBe(Infinity)
    expect(stateOn(10, [ringKey('a'), ringKey('b', { made: 9 }), theirs]).until).toBe(11 * day)
  })
})

test('the algorithms of an issuer are those of the keys that it publishes, each once', () => {
  const { entries } = stateOn(
    100,
    [
      ringKey('retired', { algorithms: ['Ed25519'], made: -100, until: 50 }),
      ringKey('a', { algorithms: ['ES256', 'ES384'] }),
      ringKey('b', { made: 99.5 }),
      ringKey('theirs', { signs: false, algorithms: ['RS256', 'PS256', 'ES256'] }),
    ],
    [],
  )
  expect(publishedAlgorithms(entries)).toEqual(['ES256', 'RS256', 'PS256'])
})
