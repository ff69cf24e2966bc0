import { describe, expect, test } from 'vitest'
import { describeKeyRingEvent, openKeyRing } from '../../src/index.ts'
import { MemoryStore } from '../support/memory-store.ts'
import { create, policy } from '../support/policy.ts'
import {
  dateClock,
  openTestRing,
  pass,
  useVirtualTime,
  useVirtualTimeouts,
} from '../support/virtual-clock.ts'

describe('keys without a time of creation', () => {
  test('one that arrives beside another does not hide that the other is revoked', async () => {
    useVirtualTime()
    const store = new MemoryStore()
    const first = await store.add('a')
    first.createdAt = null
    const { ring, events } = await openTestRing([{ store, name: 'a' }], policy)
    await pass(1_000)
    first.enabled = false
    const second = await store.add('a')
    second.createdAt = null
    await ring.refresh()
    expect(ring.jwks().keys.map(({ kid }) => kid)).toEqual([second.keyId])
    expect(ring.signer().keyId).toBe(second.keyId)
    expect(events).toContainEqual(
      expect.objectContaining({ type: 'backdated', keyId: second.keyId, createdAt: null }),
    )
  })

  test('a reading that cannot be merged does not make the set young, as it may hold a revocation', async () => {
    useVirtualTime()
    const store = new MemoryStore()
    const [first, second] = [await store.add('a'), await store.add('a')]
    first.createdAt = null
    const { ring, events } = await openTestRing([{ store, name: 'a' }], policy)
    first.enabled = false
    second.createdAt = null
    await expect(ring.refresh()).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
    await pass(500)
    expect(ring.status()).toMatchObject({ ready: true, problem: { code: 'INVALID_ARGUMENT' } })
    expect(ring.status().age).toBeGreaterThanOrEqual(500)
    await pass(200)
    expect(ring.status().ready).toBe(false)
    expect(ring.jwksResponse().status).toBe(503)
    expect(() => ring.signer()).toThrow('the keys of the ring are')
    expect(events.filter(({ type }) => type === 'stale')).toHaveLength(1)
    // A reading that fails announces nothing.
    expect(events.filter(({ type }) => type === 'backdated')).toEqual([])
  })
})

test('a clock that is set ahead by more than the age of the set makes the ring read again within a minute', async () => {
  useVirtualTime()
  let offset = 0
  const clock = { now: () => Date.now() + offset * 1_000, elapsed: () => Date.now() }
  const store = new MemoryStore()
  // The next reading is due in 24 minutes at the earliest.
  const rare = { ...policy, refreshInterval: 1_800, maxSetAge: 2_000 }
  const { ring } = await openTestRing([{ store, name: 'a', create }], rare, { clock })
  await pass(1)
  offset = 5_000
  expect(ring.jwksResponse().status).toBe(503)
  const { lists } = store
  await pass(61)
  expect(ring.jwksResponse().status).toBe(200)
  expect(store.lists).toBe(lists + 1)
})

test('while the clock makes the set too old and the store is down, readings are tried ever more rarely', async () => {
  useVirtualTime()
  let offset = 0
  const clock = { now: () => Date.now() + offset * 1_000, elapsed: () => Date.now() }
  const store = new MemoryStore()
  const { ring } = await openTestRing([{ store, name: 'a', create }], policy, { clock })
  store.outage = new Error('the line is cut')
  offset = 5_000
  const { lists } = store
  await pass(600)
  expect(ring.status().ready).toBe(false)
  expect(store.lists - lists).toBeLessThan(60)
})

test('an instance that was cut off for longer than its set may be old is back within 25 s of its store', async () => {
  useVirtualTime()
  const store = new MemoryStore()
  const { ring } = await openTestRing([{ store, name: 'a', create }], {
    ...policy,
    refreshInterval: 300,
    maxSetAge: 1_000,
  })
  store.outage = new Error('the line is cut')
  await pass(999)
  expect(ring.jwksResponse().status).toBe(200)
  // The readings have become rare before the set is too old, and stay frequent enough afterwards.
  for (const outage of [2, 7_000]) {
    await pass(outage)
    expect(ring.jwksResponse().status).toBe(503)
    store.outage = null
    await pass(25)
    expect(ring.jwksResponse().status).toBe(200)
    store.outage = new Error('the line is cut')
    await pass(1_001)
  }
})

test('where the store hung, an instance is back 25 s after the reading that hangs was given up', async () => {
  useVirtualTime()
  const store = new MemoryStore()
  const hanging = { ...policy, refreshInterval: 300, refreshTimeout: 1, maxSetAge: 1_000 }
  const { ring } = await openTestRing([{ store, name: 'a', create }], hanging)
  const list = store.list.bind(store)
  let readings = 0
  store.list = () => {
    readings++
    return new Promise(() => {})
  }
  await pass(1_010)
  expect(readings).toBeGreaterThan(0)
  expect(ring.jwksResponse().status).toBe(503)
  store.list = list
  // `refreshTimeout` is real time.
  await new Promise((resolve) => AbortSignal.timeout(1_200).addEventListener('abort', resolve))
  await pass(25)
  expect(ring.jwksResponse().status).toBe(200)
})

describe('a store that ignores its signal', () => {
  test('while it creates a version stops neither reading nor signing, and may still finish', async () => {
    useVirtualTime()
    useVirtualTimeouts()
    const store = new MemoryStore()
    const due = { ...policy, rotationInterval: 1_000 }
    const { ring, events } = await openTestRing([{ store, name: 'a', create }], due)
    const rotate = store.rotate.bind(store)
    const late: (() => Promise<unknown>)[] = []
    store.rotate = (...args) => {
      late.push(() => rotate(...args))
      return new Promise(() => {})
    }
    // Longer than the set may be old.
    for (let minute = 0; minute < 20; minute++) {
      await pass(60)
      expect(ring.status().age).toBeLessThanOrEqual(60)
      expect(ring.status().ready).toBe(true)
    }
    expect(events).toContainEqual(
      expect.objectContaining({
        type: 'rotation-failed',
        error: expect.objectContaining({ code: 'TIMEOUT' }),
      }),
    )
    // All the attempts follow one version, so only one of them creates the next.
    expect(late.length).toBeGreaterThan(1)
    store.rotate = rotate
    await Promise.allSettled(late.map((finish) => finish()))
    await pass(60)
    expect(store.versions).toHaveLength(2)
    expect(ring.status().keys.map(({ state }) => state)).toEqual(['active', 'announced'])
    await pass(910)
    expect(ring.signer().keyId).toBe(store.versions[1]?.keyId)
  })

  test('while it creates the first key, or disables one, fails in time', async () => {
    useVirtualTime()
    useVirtualTimeouts()
    const [store, hanging] = [new MemoryStore(), new MemoryStore()]
    const { ring } = await openTestRing([{ store, name: 'a', create }], policy)
    await ring.rotate()
    await pass(1_000)
    store.disable = () => new Promise(() => {})
    hanging.create = () => new Promise(() => {})
    const failing = Promise.allSettled([
      ring.revoke(ring.signer().keyId),
      openTestRing([{ store: hanging, name: 'a', create }], policy),
    ])
    await pass(160)
    expect(await failing).toEqual(
      ['disabling', 'creating the key a in memory'].map((what) => ({
        status: 'rejected',
        reason: expect.objectContaining({ code: 'TIMEOUT', message: expect.stringContaining(what) }),
      })),
    )
  })
})

describe('a ring that is closed', () => {
  const hasToRotate = { ...policy, rotationInterval: 1_000 }

  test('while it reads makes no key afterwards', async () => {
    useVirtualTime()
    const store = new MemoryStore()
    const { ring, events } = await openTestRing([{ store, name: 'a', create }], hasToRotate)
    // The version is due after 90 s, and made after 150 s at the latest.
    await pass(89)
    const list = store.list.bind(store)
    const held: (() => void)[] = []
    let signal: AbortSignal | undefined
    store.list = async (options) => {
      ;({ signal } = options ?? {})
      await new Promise<void>((resolve) => held.push(resolve))
      return list(options)
    }
    await pass(200)
    expect(held).not.toEqual([])
    ring.close()
    const told = events.length
    store.list = list
    for (const go of held) go()
    await pass(2_000)
    expect(store.versions).toHaveLength(1)
    expect(events).toHaveLength(told)
    expect(signal?.aborted).toBe(true)
  })

  test('neither reads nor rotates', async () => {
    useVirtualTime()
    const store = new MemoryStore()
    const { ring } = await openTestRing([{ store, name: 'a', create }], policy)
    ring.close()
    const { lists } = store
    const closed = { code: 'UNAVAILABLE', message: 'the key ring is closed' }
    await expect(ring.refresh()).rejects.toMatchObject(closed)
    await expect(ring.rotate()).rejects.toMatchObject(closed)
    expect(store.lists).toBe(lists)
    expect(store.versions).toHaveLength(1)
  })
})

test('a first reading that fails does not speak of an age', async () => {
  const lines: string[] = []
  const store = new MemoryStore()
  store.outage = new Error('the line is cut')
  const opening = openKeyRing([{ store, name: 'a' }], policy, {
    clock: dateClock,
    onEvent: (event) => lines.push(describeKeyRingEvent(event).message),
  })
  await expect(opening).rejects.toThrow('the line is cut')
  expect(lines).toEqual([
    'the keys could not be read: the line is cut; no keys have been read yet',
    'no keys have been read yet: nothing is signed and no JWK Set is served',
  ])
})

test('when no version can sign the next rotation is due now', async () => {
  useVirtualTime()
  const store = new MemoryStore()
  const key = await store.add('a')
  key.enabled = false
  const { ring } = await openTestRing([{ store, name: 'a' }], policy)
  expect(ring.status().nextRotation).toEqual(new Date())
})
