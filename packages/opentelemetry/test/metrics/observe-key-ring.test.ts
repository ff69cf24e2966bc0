import { openKeyRing } from '@sealwright/keyring'
import { openFolderStore } from '@sealwright/local-store'
import { scratchFolder } from '@sealwright/test-kit/folders'
import { expect, onTestFinished, test } from 'vitest'
import { observeKeyRing, type ObservableKeyRing } from '../../src/index.ts'
import { testReader, type TestReader } from '../support/reader.ts'

const day = 24 * 60 * 60

test('a real ring: its keys, what they do, when they end, and how old its set is', async () => {
  const store = await openFolderStore(scratchFolder())
  const first = await store.create('signing', { keyType: 'ec-p256', validityDays: 30 })
  const policy = { tokenLifetime: 3_600, maxSetAge: 2 * day, rotationInterval: 20 * day }
  const ring = await openKeyRing([{ store, name: 'signing', create: {} }], policy)
  onTestFinished(() => ring.close())
  await ring.rotate()
  const { keys, nextRotation } = ring.status()
  const { meter, values } = testReader()
  observeKeyRing(ring, { meter, attributes: { ring: 'tokens' } })
  expect(await values('sealwright.keyring.ready')).toEqual({ 'ring=tokens': 1 })
  expect(await values('sealwright.keyring.max_age')).toEqual({ 'ring=tokens': 2 * day })
  expect(await values('sealwright.keyring.announcement')).toEqual({
    'ring=tokens': ring.policy.announcement,
  })
  const [age] = Object.values(await values('sealwright.keyring.age'))
  expect(age).toBeLessThan(60)
  expect(await values('sealwright.keyring.next_rotation')).toEqual({
    'ring=tokens': Number(nextRotation) / 1_000,
  })
  expect(keys.map(({ state }) => state)).toEqual(['active', 'announced'])
  expect(keys[0]?.keyId).toBe(first.keyId)
  expect(await statesIn(values)).toEqual(
    keys.map(
      ({ keyId, state }) => `ring=tokens sealwright.key.id=${keyId} sealwright.key.algorithm=ES256 ${state}`,
    ),
  )
  expect(await values('sealwright.keyring.key.not_after')).toEqual(
    Object.fromEntries(
      keys.map(({ keyId, notAfter }) => [`ring=tokens sealwright.key.id=${keyId}`, Number(notAfter) / 1_000]),
    ),
  )
})

/** Each key with the state that has a 1. */
async function statesIn(values: TestReader['values']): Promise<string[]> {
  const all = await values('sealwright.keyring.keys')
  return Object.entries(all)
    .filter(([, value]) => value === 1)
    .map(([of]) => of.replace('sealwright.key.state=', ''))
}

type Key = ReturnType<ObservableKeyRing['status']>['keys'][number]

function key(changes: Partial<Key> = {}): Key {
  return { keyId: 'a', state: 'active', delegatedBy: null, algorithms: ['ES256'], notAfter: null, ...changes }
}

/** A ring with these keys, which the test can change. */
function ringOf(keys: Key[]): ObservableKeyRing {
  return {
    policy: { maxSetAge: day, announcement: 3_600 },
    status: () => ({ ready: false, age: null, keys, nextRotation: null }),
  }
}

test('a ring that has read nothing, and never rotates', async () => {
  const { meter, values } = testReader()
  observeKeyRing(ringOf([]), { meter })
  expect(await values('sealwright.keyring.ready')).toEqual({ '': 0 })
  expect(await values('sealwright.keyring.age')).toEqual({})
  expect(await values('sealwright.keyring.next_rotation')).toEqual({ '': Infinity })
  expect(await values('sealwright.keyring.keys')).toEqual({})
})

test('keys with several algorithms, delegates, and revoked keys', async () => {
  const keys = [
    key({ algorithms: ['RS256', 'PS256'] }),
    key({ keyId: 'b', delegatedBy: 'a' }),
    key({ keyId: 'c', state: 'revoked', algorithms: [] }),
  ]
  const { meter, values } = testReader()
  observeKeyRing(ringOf(keys), { meter })
  expect(await statesIn(values)).toEqual([
    'sealwright.key.id=a sealwright.key.algorithm=RS256 active',
    'sealwright.key.id=a sealwright.key.algorithm=PS256 active',
    'sealwright.key.delegated=true sealwright.key.algorithm=ES256 active',
    'sealwright.key.id=c revoked',
  ])
})

test('delegates add no series, however many there have been', async () => {
  const delegate = (keyId: string, state: Key['state'] = 'retiring'): Key =>
    key({ keyId, state, delegatedBy: 'a', notAfter: new Date(0) })
  const keys = [key({ notAfter: new Date(1_000) }), delegate('b'), delegate('c'), delegate('d', 'revoked')]
  const { meter, values } = testReader()
  observeKeyRing(ringOf(keys), { meter })
  const retiring =
    'sealwright.key.delegated=true sealwright.key.algorithm=ES256 sealwright.key.state=retiring'
  const all = await values('sealwright.keyring.keys')
  expect(all).toMatchObject({ [retiring]: 2, [retiring.replace('retiring', 'revoked')]: 1 })
  keys.splice(1, 2, delegate('e'))
  const later = await values('sealwright.keyring.keys')
  expect(Object.keys(later)).toEqual(Object.keys(all))
  expect(later[retiring]).toBe(1)
  keys.splice(1)
  expect((await values('sealwright.keyring.keys'))[retiring]).toBe(0)
  expect(await values('sealwright.keyring.key.not_after')).toEqual({ 'sealwright.key.id=a': 1 })
})

test('a key has one state at a time, and none when it is gone', async () => {
  const keys = [key(), key({ keyId: 'b', state: 'announced' })]
  const { meter, values } = testReader()
  observeKeyRing(ringOf(keys), { meter })
  await values('sealwright.keyring.keys')
  keys[0] = key({ state: 'retiring' })
  keys[1] = key({ keyId: 'b' })
  expect(await statesIn(values)).toEqual([
    'sealwright.key.id=a sealwright.key.algorithm=ES256 retiring',
    'sealwright.key.id=b sealwright.key.algorithm=ES256 active',
  ])
  keys.shift()
  for (let scrape = 0; scrape < 2; scrape++) {
    // eslint-disable-next-line no-await-in-loop -- one scrape after the other
    expect(await statesIn(values)).toEqual(['sealwright.key.id=b sealwright.key.algorithm=ES256 active'])
  }
})

test('after the end the ring is not asked any more', async () => {
  let asked = 0
  const ring = ringOf([])
  const counted: ObservableKeyRing = { policy: ring.policy, status: () => (asked++, ring.status()) }
  const { meter, collect } = testReader()
  const stop = observeKeyRing(counted, { meter })
  await collect()
  stop()
  await collect()
  expect(asked).toBe(1)
})

test.each([
  ['no ring', () => observeKeyRing({} as never, { meter: testReader().meter }), 'ring must be a KeyRing'],
  ['no meter', () => observeKeyRing(ringOf([]), {} as never), 'options.meter must be a Meter'],
])('refuses %s', (_, call, message) => {
  expect(call).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }))
  expect(call).toThrow(message)
})
