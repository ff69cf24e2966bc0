import { expect, test } from 'vitest'
import { describeKeyRingEvent, openKeyRing } from '../../src/index.ts'
import { MemoryStore } from '../support/memory-store.ts'
import { dateClock, openTestRing, useVirtualTime } from '../support/virtual-clock.ts'

const clash = 'an alias is the kid of another key of the ring'
const theSame = (): string[] => ['the same']

test('aliases that clash are refused when the ring is opened', async () => {
  useVirtualTime()
  const store = new MemoryStore()
  for (let version = 0; version < 2; version++) await store.add('a')
  const opening = openKeyRing([{ store, name: 'a' }], {}, { aliases: theSame, clock: dateClock })
  await expect(opening).rejects.toMatchObject({ code: 'INVALID_ARGUMENT', message: clash })
})

test('a ring that can make no JWK Set says so once, is not ready, and is again when it can', async () => {
  useVirtualTime()
  const store = new MemoryStore()
  await store.add('a')
  const { ring, events } = await openTestRing([{ store, name: 'a' }], {}, { aliases: theSame })
  expect(ring.status()).toMatchObject({ ready: true, problem: null })
  const second = await store.add('a')
  for (let reading = 0; reading < 3; reading++) await ring.refresh()
  expect(ring.jwksResponse().status).toBe(503)
  expect(ring.status()).toMatchObject({ ready: false, problem: { message: clash } })
  const told = (): string[] =>
    events
      .filter(({ type }) => type === 'jwks-failed')
      .map((event) => `${describeKeyRingEvent(event).level} ${describeKeyRingEvent(event).message}`)
  expect(told()).toEqual([`error no JWK Set is served: ${clash}`])
  second.enabled = false
  await ring.refresh()
  expect(ring.jwksResponse().status).toBe(200)
  expect(ring.status()).toMatchObject({ ready: true, problem: null })
  second.enabled = true
  await ring.refresh()
  expect(told()).toHaveLength(2)
})

test('too many keys for a verifier are reported too', async () => {
  useVirtualTime()
  const [store, theirs] = [new MemoryStore(), new MemoryStore('theirs')]
  await store.add('a')
  const sources = [
    { store, name: 'a' },
    { store: theirs, name: 'b', signs: false },
  ]
  const { ring, events } = await openTestRing(sources, {})
  const published = await theirs.add('b')
  const add = (key: number): unknown =>
    theirs.versions.push({ ...published, keyId: `key ${key}`, version: `${key}` })
  for (let key = 0; key < 98; key++) add(key)
  await ring.refresh()
  expect(ring.jwks().keys).toHaveLength(100)
  add(98)
  await ring.refresh()
  expect(ring.status()).toMatchObject({
    ready: false,
    problem: {
      code: 'LIMIT_EXCEEDED',
      message: 'the ring would publish 101 keys; verifiers read at most 100',
    },
  })
  expect(events.filter(({ type }) => type === 'jwks-failed')).toHaveLength(1)
})
