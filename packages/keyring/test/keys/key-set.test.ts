import type { SigningKey } from '@sealwright/core'
import { describe, expect, test } from 'vitest'
import { keyRingPolicy, type KeyRingEvent } from '../../src/index.ts'
import { KeySet } from '../../src/keys/key-set.ts'
import { keyOf, sourceOf } from '../support/fake-sources.ts'
import { policy } from '../support/policy.ts'

const second = 1_000

/** A set of the keys of `sources`, which a test changes, on clocks that it moves. */
function setOf(...sources: ReturnType<typeof listing>[]) {
  const events: KeyRingEvent[] = []
  const time = { now: 1_000_000 * second, elapsed: 0 }
  const clock = { now: () => time.now, elapsed: () => time.elapsed }
  const checked = keyRingPolicy({ ...policy, listingDelay: 20 })
  const bounds = { revoked: [], maxDelegates: 16 }
  const set = new KeySet(
    sources.map(({ source }) => source),
    checked,
    bounds,
    clock,
    (event) => events.push(event),
  )
  return { set, events, time }
}

function listing(keys: SigningKey[], options: Parameters<typeof sourceOf>[1] = {}) {
  return { keys, source: sourceOf('a store', { list: async () => [...keys], ...options }) }
}

test('the age is that of the oldest read by either clock, with the listing delay', async () => {
  const store = listing([keyOf('a')])
  const { set, time } = setOf(store)
  expect(set.age()).toBe(Infinity)
  await set.read()
  expect(set.age()).toBe(20 * second)
  time.now += 5 * second
  expect(set.age()).toBe(25 * second)
  time.elapsed += 7 * second
  expect(set.age()).toBe(27 * second)
  // A clock that was set back makes nothing younger than it can be.
  time.elapsed = -10 * second
  time.now -= 60 * second
  expect(set.age()).toBe(20 * second)
})

test('it knows the newest version, the holders of a key and the empty sources, once they were read', async () => {
  const [store, empty] = [listing([keyOf('a', { version: '2' }), keyOf('a'), keyOf('b')]), listing([])]
  const { set } = setOf(store, empty)
  expect([set.newestIn(store.source), set.emptySources(), set.holdersOf('a')]).toEqual([undefined, [], []])
  await set.read()
  expect([set.newestIn(store.source), set.newestIn(empty.source)]).toEqual(['2', undefined])
  expect(set.emptySources()).toEqual([empty.source])
  expect(set.holdersOf('a')).toEqual([{ source: store.source, versions: ['2', '1'] }])
  expect(set.holdersOf('c')).toEqual([])
})

describe('a key that appears', () => {
  test.each<[string, number, { readonly createdAt?: number }, number | null]>([
    ['was made since the last read', 0, {}, null],
    ['was made as long before it as a listing and the clocks may be late', -30, {}, null],
    ['claims to have been made earlier', -30.001, {}, -30.001],
    ['was there earlier by the word of the operator', 0, { createdAt: -31 }, -31],
  ])('%s', async (_name, made, told, reported) => {
    const at = (seconds: number): Date => new Date(1_000_000 * second + seconds * second)
    const createdAt = told.createdAt === undefined ? null : at(told.createdAt)
    const store = listing([keyOf('a')], { createdAt })
    const { set, events, time } = setOf(store)
    await set.read()
    time.now += 60 * second
    const added = keyOf('b', { createdAt: at(made) })
    store.keys.unshift(added)
    await set.read()
    const seenAt = at(60)
    const { keyId, location } = added
    expect(events).toEqual(
      reported === null ? [] : [{ type: 'backdated', keyId, location, createdAt: at(reported), seenAt }],
    )
    const known = set.keys.find(({ key }) => key.keyId === keyId)
    expect(known?.createdAt).toEqual(reported === null ? (createdAt ?? at(made)) : seenAt)
    await set.read()
    expect(events).toHaveLength(reported === null ? 0 : 1)
  })

  test('without a creation time is announced from then on', async () => {
    const store = listing([keyOf('a')])
    const { set, events, time } = setOf(store)
    await set.read()
    time.now += 60 * second
    store.keys.unshift(keyOf('b', { createdAt: null }))
    await set.read()
    expect(events).toMatchObject([{ type: 'backdated', keyId: 'b', createdAt: null }])
  })

  test('in two sources at once is reported once, and that of a delegate not at all', async () => {
    const stores = [listing([keyOf('a')]), listing([]), listing([], { delegates: true, signs: false })]
    const { set, events } = setOf(...stores)
    await set.read()
    for (const { keys } of stores) keys.push(keyOf('b'))
    await set.read()
    expect(events).toHaveLength(1)
  })
})

test.each([
  [[keyOf('a')], 'the only key of a store disappeared; restore them. '],
  [[keyOf('b'), keyOf('a')], 'all 2 versions of a store disappeared; restore them. '],
])('a source that shows nothing any more changes nothing, and says what to do', async (keys, message) => {
  const store = listing([...keys])
  const delegates = listing([keyOf('d')], { delegates: true, signs: false })
  const { set } = setOf(store, delegates)
  await set.read()
  delegates.keys.length = 0
  await set.read()
  store.keys.length = 0
  const error = {
    code: 'NOT_FOUND',
    message: `${message}To revoke a key, disable it instead of deleting it`,
  }
  await expect(set.read()).rejects.toMatchObject(error)
  expect(set.problem).toMatchObject(error)
  expect(set.keys).toHaveLength(keys.length)
})
