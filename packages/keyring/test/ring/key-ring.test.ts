import { verify } from 'node:crypto'
import { isSealwrightError, SealwrightError, type Signer } from '@sealwright/core'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { describeKeyRingEvent, openKeyRing, type KeyRing } from '../../src/index.ts'
import { MemoryStore } from '../support/memory-store.ts'
import { create, policy } from '../support/policy.ts'
import { dateClock, openTestRing, pass, useVirtualTime } from '../support/virtual-clock.ts'

function statesOf(ring: KeyRing): string[] {
  return ring.status().keys.map(({ state }) => state)
}

const data = new TextEncoder().encode('header.payload')

async function signsWith(signer: Signer): Promise<boolean> {
  const signature = await signer.sign(data)
  const key = { key: signer.publicKey, dsaEncoding: 'ieee-p1363' as const }
  return verify(signer.algorithm.digest, data, key, signature)
}

function errorOf(action: () => unknown): unknown {
  try {
    action()
  } catch (error) {
    return error
  }
  throw new Error('it did not throw')
}

/** Several instances that start at the same time. */
async function openTogether(store: MemoryStore, length: number): ReturnType<typeof openAll> {
  const opened: unknown[] = []
  const opening = openAll(store, length).finally(() => opened.push('all'))
  while (opened.length === 0) await pass(1)
  return opening
}

const openAll = (store: MemoryStore, length: number): Promise<Awaited<ReturnType<typeof openTestRing>>[]> =>
  Promise.all(Array.from({ length }, () => openTestRing([{ store, name: 'a', create }], policy)))

test('the status says when each key signs and leaves the JWK Set', async () => {
  useVirtualTime()
  const store = new MemoryStore()
  const published = new MemoryStore('published only')
  await published.add('b')
  const { ring } = await openTestRing(
    [
      { store, name: 'a', create },
      { store: published, name: 'b', signs: false },
    ],
    policy,
  )
  const made = ring.status().keys[0]?.createdAt?.getTime() ?? Number.NaN
  await ring.rotate()
  const second = Date.now()
  const [first, only, next] = ring.status().keys
  const starts = second + ring.policy.announcement * 1_000
  expect(first).toMatchObject({ state: 'active', signsFrom: new Date(made), signsUntil: new Date(starts) })
  expect(first?.publishedUntil).toEqual(new Date(starts + ring.policy.retention * 1_000))
  expect(next).toMatchObject({ state: 'announced', signsFrom: new Date(starts) })
  expect(only).toMatchObject({ state: 'retiring', signsFrom: null, signsUntil: null })
  await store.disable('a', store.versions.find(({ keyId }) => keyId === first?.keyId)?.version ?? '')
  await ring.refresh()
  const revoked = ring.status().keys.find(({ state }) => state === 'revoked')
  expect(revoked).toMatchObject({ keyId: first?.keyId, signsUntil: null, publishedUntil: null })
})

describe('a ring on an empty store', () => {
  test('makes the first key, says so, and signs with it at once', async () => {
    useVirtualTime()
    const store = new MemoryStore()
    const { ring, events } = await openTestRing([{ store, name: 'a', create }], policy)
    const [key] = store.versions
    expect(store.versions).toHaveLength(1)
    expect(ring.signer().keyId).toBe(key?.keyId)
    expect(await signsWith(ring.signer())).toBe(true)
    expect(events).toContainEqual({ type: 'created', location: 'a in memory', keyIds: [key?.keyId] })
    expect(ring.status()).toMatchObject({
      ready: true,
      problem: null,
      keys: [{ state: 'active', algorithms: ['ES256'] }],
    })
  })

  test('makes none without being told to', async () => {
    const opening = openKeyRing([{ store: new MemoryStore(), name: 'a' }], policy)
    await expect(opening).rejects.toMatchObject({
      code: 'NOT_FOUND',
      message: expect.stringContaining('a in memory'),
    })
  })

  test('makes none when the store cannot be read', async () => {
    const store = new MemoryStore()
    store.outage = new Error('the line is cut')
    await expect(openKeyRing([{ store, name: 'a', create }], policy)).rejects.toThrow('the line is cut')
    store.outage = null
    expect(store.versions).toHaveLength(0)
  })

  test('shares the one key with all that start at the same time', async () => {
    useVirtualTime()
    const store = new MemoryStore()
    const rings = await openTogether(store, 8)
    expect(store.versions).toHaveLength(1)
    expect(new Set(rings.map(({ ring }) => ring.signer().keyId)).size).toBe(1)
  })
})

const aliases = ({ name }: { readonly name: string }): string[] => [`${name}-as-identityserver-names-it`]

describe('the JWK Set', () => {
  test('has public members and certificates alone, and the headers that the policy gives', async () => {
    useVirtualTime()
    const store = new MemoryStore()
    const { ring } = await openTestRing([{ store, name: 'a', create }], policy)
    const [key] = store.versions
    const response = ring.jwksResponse()
    expect(response.status).toBe(200)
    expect(response.headers).toEqual({
      'access-control-allow-origin': '*',
      'cache-control': 'public, max-age=300, must-revalidate',
      'content-type': 'application/jwk-set+json',
      etag: ring.jwks().etag,
    })
    const { keys } = JSON.parse(response.body) as { keys: Record<string, unknown>[] }
    expect(keys.map((each) => Object.keys(each).toSorted())).toEqual([
      ['alg', 'crv', 'kid', 'kty', 'use', 'x', 'x5c', 'x5t', 'x5t#S256', 'y'],
    ])
    expect(keys[0]).toMatchObject({
      kid: key?.keyId,
      alg: 'ES256',
      x5c: [key?.certificates[0]?.raw.toString('base64')],
    })
  })

  test.each([
    ['the tag', (etag: string) => etag],
    ['a weak one', (etag: string) => `W/${etag}`],
    ['one of several', (etag: string) => `"old", ${etag}`],
    ['any', () => '*'],
  ])('is not sent again to one who names %s', async (_name, header) => {
    useVirtualTime()
    const { ring } = await openTestRing([{ store: new MemoryStore(), name: 'a', create }], policy)
    const { etag } = ring.jwks()
    expect(ring.jwksResponse({ ifNoneMatch: header(etag) })).toMatchObject({
      status: 304,
      body: '',
      headers: { etag },
    })
    expect(ring.jwksResponse({ ifNoneMatch: '"old"' }).status).toBe(200)
  })

  test('has a second entry for each alias', async () => {
    useVirtualTime()
    const store = new MemoryStore()
    const { ring } = await openTestRing([{ store, name: 'a', create }], policy, { aliases })
    const { keys } = ring.jwks()
    expect(keys.map(({ kid }) => kid)).toEqual([store.versions[0]?.keyId, 'a-as-identityserver-names-it'])
    expect(keys.map(({ x5c }) => x5c)).toEqual([keys[0]?.x5c, keys[0]?.x5c])
  })
})

describe('a rotation', () => {
  test('announces, takes over, retires, and signs all the time', async () => {
    useVirtualTime()
    const store = new MemoryStore()
    const { ring } = await openTestRing([{ store, name: 'a', create }], policy)
    await store.rotate('a')
    const [first, second] = store.versions
    await pass(60)
    expect(statesOf(ring)).toEqual(['active', 'announced'])
    expect(ring.jwks().keys.map(({ kid }) => kid)).toEqual([first?.keyId, second?.keyId])
    expect(ring.signer().keyId).toBe(first?.keyId)
    await pass(910 - 60)
    expect(statesOf(ring)).toEqual(['active', 'retiring'])
    expect(ring.signer().keyId).toBe(second?.keyId)
    await pass(680)
    expect(statesOf(ring)).toEqual(['active', 'retired'])
    expect(ring.jwks().keys.map(({ kid }) => kid)).toEqual([second?.keyId])
  })

  test('is made when it is due, once, however many instances there are', async () => {
    useVirtualTime()
    const store = new MemoryStore()
    const rings = await openTogether(store, 4)
    const [{ ring } = expect.fail()] = rings
    expect(ring.status().nextRotation?.getTime()).toBe(
      (store.versions[0]?.createdAt?.getTime() ?? 0) + (10_000 - 910) * 1_000,
    )
    await pass(10_000 - 925)
    expect(store.versions).toHaveLength(1)
    await pass(300)
    expect(store.versions).toHaveLength(2)
    await pass(1_200)
    expect(new Set(rings.map((each) => each.ring.signer().keyId))).toEqual(
      new Set([store.versions.at(-1)?.keyId]),
    )
    expect(rings.flatMap(({ events }) => events).filter(({ type }) => type === 'rotation-failed')).toEqual([])
  })

  test('takes turns, so that a store that makes every version it is asked for is asked once', async () => {
    useVirtualTime()
    const store = new MemoryStore()
    store.hasOneNext = false
    // Spread over the refresh interval, as random numbers are.
    let drawn = 0
    vi.spyOn(Math, 'random').mockImplementation(() => (++drawn * 0.618_033_988_75) % 1)
    onTestFinished(() => {
      vi.mocked(Math.random).mockRestore()
    })
    await openTogether(store, 4)
    await pass(10_000 - 925)
    for (let second = 0; second < 300; second++) await pass(1)
    expect(store.versions).toHaveLength(2)
  })

  test('that was not seen is not followed by another: of two commands one is refused', async () => {
    useVirtualTime()
    const store = new MemoryStore()
    const rings = await openTogether(store, 2)
    const results = await Promise.allSettled(rings.map(({ ring }) => ring.rotate()))
    expect(results.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected'])
    expect(results.find(({ status }) => status === 'rejected')).toMatchObject({
      reason: { code: 'ALREADY_EXISTS' },
    })
    expect(store.versions).toHaveLength(2)
    // One after the other, both make one.
    for (const { ring } of rings) await ring.rotate()
    expect(store.versions).toHaveLength(4)
  })

  test('of a store that takes no new version is an alarm, and signing goes on', async () => {
    useVirtualTime()
    const store = new MemoryStore()
    const { ring, events } = await openTestRing([{ store, name: 'a', create }], policy)
    store.readOnly = true
    await pass(10_000)
    const failed = events.filter(({ type }) => type === 'rotation-failed')
    expect(failed.length).toBeGreaterThan(0)
    expect(failed.map(describeKeyRingEvent)[0]).toMatchObject({
      level: 'error',
      message: expect.stringMatching(
        /^a new version in a in memory has been due since 2030-.*, but creating it failed: memory is read-only$/,
      ),
    })
    expect(await signsWith(ring.signer())).toBe(true)
  })

  test('that a store refuses again and again is an alarm, too', async () => {
    useVirtualTime()
    const store = new MemoryStore()
    const { ring, events } = await openTestRing([{ store, name: 'a', create }], policy)
    const refusals: number[] = []
    store.rotate = () => {
      refusals.push(Date.now())
      return Promise.reject(new SealwrightError('ALREADY_EXISTS', 'another process was quicker'))
    }
    while (refusals.length < 2) await pass(60)
    // The first time another instance may have been quicker.
    expect(events.filter(({ type }) => type === 'rotation-failed')).toHaveLength(refusals.length - 1)
    expect(await signsWith(ring.signer())).toBe(true)
  })

  test('by command announces like any other', async () => {
    useVirtualTime()
    const store = new MemoryStore()
    const { ring } = await openTestRing([{ store, name: 'a', create }], policy)
    await ring.rotate()
    expect(statesOf(ring)).toEqual(['active', 'announced'])
  })

  test('keeps a token that was begun with the key before, for as long as clocks differ', async () => {
    useVirtualTime()
    const store = new MemoryStore()
    const { ring } = await openTestRing([{ store, name: 'a', create }], policy)
    await ring.rotate()
    const before = ring.signer()
    await pass(910)
    expect(ring.signer().keyId).not.toBe(before.keyId)
    expect(await signsWith(before)).toBe(true)
    await pass(9)
    expect(await signsWith(before)).toBe(true)
    await pass(2)
    await expect(before.sign(data)).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      message: expect.stringContaining(
        'no longer signs (state: retiring); call ring.signer() for each token',
      ),
    })
  })

  test('nothing signs after notAfter, not even what was begun', async () => {
    useVirtualTime()
    const store = new MemoryStore()
    const key = await store.add('a', { validityDays: 1 })
    const { ring, events } = await openTestRing([{ store, name: 'a' }], { ...policy, rotationInterval: null })
    const signer = ring.signer()
    await pass(86_400 - 1)
    expect(await signsWith(signer)).toBe(true)
    await pass(2)
    expect(key.notAfter?.getTime()).toBeLessThan(Date.now())
    await expect(signer.sign(data)).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    expect(errorOf(() => ring.signer())).toMatchObject({
      message: `no active key for tokens: ${key.keyId} expired on ${key.notAfter?.toISOString()}`,
    })
    expect(ring.status().ready).toBe(false)
    expect(events).toContainEqual({ type: 'no-signer', algorithm: null })
  })
})

describe('an outage of the store', () => {
  test('is not noticed until the set is too old; then nothing is signed or served, and it recovers by itself', async () => {
    useVirtualTime()
    const store = new MemoryStore()
    const { ring, events } = await openTestRing([{ store, name: 'a', create }], policy)
    const signer = ring.signer()
    await pass(30)
    store.outage = new Error('the line is cut')
    await pass(500)
    expect(ring.jwksResponse().status).toBe(200)
    expect(await signsWith(signer)).toBe(true)
    expect(ring.status()).toMatchObject({ ready: true, problem: store.outage })
    expect(events.map(({ type }) => type)).toContain('refresh-failed')
    await pass(200)
    const error = errorOf(() => ring.signer())
    expect(isSealwrightError(error, 'UNAVAILABLE') && error.retryAfter).toBe(5)
    await expect(signer.sign(data)).rejects.toMatchObject({ code: 'UNAVAILABLE', retryAfter: 5 })
    expect(ring.jwksResponse()).toMatchObject({
      status: 503,
      headers: { 'retry-after': '5', 'cache-control': 'no-store' },
    })
    expect(ring.status().ready).toBe(false)
    expect(events.filter(({ type }) => type === 'stale')).toHaveLength(1)
    store.outage = null
    await pass(60)
    expect(await signsWith(ring.signer())).toBe(true)
    expect(ring.jwksResponse().status).toBe(200)
    expect(store.versions).toHaveLength(1)
  })

  test('while a rotation is due does not make the ring ask all the time', async () => {
    useVirtualTime()
    const store = new MemoryStore()
    await openTestRing([{ store, name: 'a', create }], policy)
    await pass(8_000)
    store.outage = new Error('the line is cut')
    await pass(2_000)
    const { lists } = store
    await pass(3_000)
    // The set is too old: once in 12.5 to 25 s.
    expect(store.lists - lists).toBeLessThan(250)
    expect(store.versions).toHaveLength(1)
    store.outage = null
    await pass(200)
    expect(store.versions).toHaveLength(2)
  })

  test('several readings at once are one, and one that began before is not enough', async () => {
    useVirtualTime()
    const store = new MemoryStore()
    const { ring } = await openTestRing([{ store, name: 'a', create }], policy)
    const before = store.lists
    await Promise.all(Array.from({ length: 20 }, () => ring.refresh()))
    expect(store.lists).toBe(before + 1)
    const early = ring.refresh()
    while (store.lists < before + 2) await Promise.resolve()
    const [key] = store.versions
    if (key !== undefined) key.enabled = false
    await Promise.all(Array.from({ length: 20 }, () => ring.refresh()))
    await early
    expect(store.lists).toBe(before + 3)
    expect(statesOf(ring)).toEqual(['revoked'])
  })

  test('readings are not all at the same time', async () => {
    useVirtualTime()
    const store = new MemoryStore()
    await openTestRing([{ store, name: 'a', create }], policy)
    const before = store.lists
    await pass(6_000)
    // Between 48 and 60 seconds apart.
    expect(store.lists - before).toBeGreaterThanOrEqual(100)
    expect(store.lists - before).toBeLessThanOrEqual(126)
  })
})

describe('a revoked key', () => {
  test('leaves the JWK Set with the next reading, the one before it signs, and there is no alarm', async () => {
    useVirtualTime()
    const store = new MemoryStore()
    const { ring, events } = await openTestRing([{ store, name: 'a', create }], policy)
    await ring.rotate()
    await pass(1_000)
    const [first, second] = store.versions
    const signer = ring.signer()
    if (second !== undefined) second.enabled = false
    await ring.refresh()
    expect(ring.jwks().keys.map(({ kid }) => kid)).toEqual([first?.keyId])
    expect(ring.signer().keyId).toBe(first?.keyId)
    await expect(signer.sign(data)).rejects.toMatchObject({
      message: expect.stringContaining('state: revoked'),
    })
    await pass(5_000)
    expect(ring.signer().keyId).toBe(first?.keyId)
    expect(events.filter(({ type }) => type === 'alarm')).toEqual([])
  })

  test('may be named by the operator', async () => {
    useVirtualTime()
    const store = new MemoryStore()
    const first = await store.add('a')
    const second = await store.add('a')
    const { ring, events } = await openTestRing([{ store, name: 'a' }], policy, { revoked: [first.keyId] })
    expect(ring.signer().keyId).toBe(second.keyId)
    expect(events).toContainEqual({
      type: 'alarm',
      reason: 'unannounced',
      keyId: second.keyId,
      refusedFor: 910,
    })
  })

  test('by command is switched off in its store, and what that costs is said', async () => {
    useVirtualTime()
    const store = new MemoryStore()
    const { ring } = await openTestRing([{ store, name: 'a', create }], policy)
    await ring.rotate()
    await pass(1_000)
    const [first, second] = store.versions
    expect(await ring.revoke(second?.keyId ?? '')).toEqual({
      keyId: second?.keyId,
      acceptedUntil: new Date(Date.now() + 900_000),
      signing: [first?.keyId],
      refusedUntil: null,
    })
    expect(second?.enabled).toBe(false)
    expect(ring.jwks().keys.map(({ kid }) => kid)).toEqual([first?.keyId])
    expect(store.versions).toHaveLength(2)
  })

  test('by command that is the only one is followed by a new one, which signs without announcement', async () => {
    useVirtualTime()
    const store = new MemoryStore()
    const { ring } = await openTestRing([{ store, name: 'a', create }], policy)
    await pass(1_000)
    const { keyId } = ring.signer()
    const { signing, refusedUntil } = await ring.revoke(keyId)
    const [, second] = store.versions
    expect(signing).toEqual([second?.keyId])
    expect(refusedUntil?.getTime()).toBe((second?.createdAt?.getTime() ?? 0) + 910_000)
    expect(await signsWith(ring.signer())).toBe(true)
  })

  test('costs nothing before it is revoked', async () => {
    useVirtualTime()
    const store = new MemoryStore()
    const { ring } = await openTestRing([{ store, name: 'a', create }], policy)
    await pass(1_000)
    const { keyId } = ring.signer()
    expect(ring.revocationCost(keyId)).toEqual({
      keyId,
      acceptedUntil: new Date(Date.now() + 900_000),
      signing: [],
      refusedUntil: new Date(Date.now() + 910_000),
      needsSuccessor: true,
    })
    expect(ring.signer().keyId).toBe(keyId)
    expect(store.versions).toHaveLength(1)
    expect(errorOf(() => ring.revocationCost('another'))).toMatchObject({ code: 'NOT_FOUND' })
  })

  test('by command that has only a retired key beside it is followed by a new one, and the refusals are said', async () => {
    useVirtualTime()
    const store = new MemoryStore()
    const { ring } = await openTestRing([{ store, name: 'a', create }], policy)
    await ring.rotate()
    await pass(2_000)
    expect(statesOf(ring)).toEqual(['active', 'retired'])
    const [first, second] = store.versions
    const latest = new Date(Date.now() + 910_000)
    const cost = {
      keyId: second?.keyId,
      acceptedUntil: new Date(Date.now() + 900_000),
      signing: [first?.keyId],
      refusedUntil: latest,
    }
    expect(ring.revocationCost(second?.keyId ?? '')).toEqual({ ...cost, needsSuccessor: true })
    expect(await ring.revoke(second?.keyId ?? '')).toEqual(cost)
    expect(store.versions).toHaveLength(3)
    expect(statesOf(ring)).toEqual(['active', 'announced', 'revoked'])
    // From then on the retired key is known, and the new one takes over without a refusal.
    await pass(1_000)
    expect(ring.signer().keyId).toBe(store.versions[2]?.keyId)
    expect(ring.revocationCost(first?.keyId ?? '')).toMatchObject({
      refusedUntil: null,
      needsSuccessor: false,
    })
  })

  test('by command stays on when its store does not allow it, or there is none', async () => {
    useVirtualTime()
    const store = new MemoryStore()
    const { ring } = await openTestRing([{ store, name: 'a', create }], policy)
    await ring.rotate()
    store.readOnly = true
    const { keyId } = ring.signer()
    await expect(ring.revoke(keyId)).rejects.toMatchObject({ code: 'ACCESS_DENIED' })
    await expect(ring.revoke('another')).rejects.toMatchObject({ code: 'NOT_FOUND' })
    expect(ring.signer().keyId).toBe(keyId)
    const [key = expect.fail()] = store.versions
    const { ring: fixed } = await openTestRing([{ key }], policy)
    const refusal = expect.objectContaining({
      code: 'UNSUPPORTED_OPERATION',
      message: expect.stringContaining('list the kid in the option revoked of every instance'),
    })
    await expect(fixed.revoke(keyId)).rejects.toEqual(refusal)
    expect(() => fixed.revocationCost(keyId)).toThrow(refusal)
  })

  test('that is deleted is the same, and an alarm when nothing was announced', async () => {
    useVirtualTime()
    const store = new MemoryStore()
    const { ring, events } = await openTestRing([{ store, name: 'a', create }], policy)
    store.versions.splice(0)
    const other = await store.add('a')
    await ring.refresh()
    expect(ring.signer().keyId).toBe(other.keyId)
    expect(events).toContainEqual({ type: 'alarm', reason: 'vanished', keyId: other.keyId, refusedFor: 910 })
  })
})

test('a store that shows nothing any more is an accident: the set stays in use, and no key is made', async () => {
  useVirtualTime()
  const store = new MemoryStore()
  const { ring } = await openTestRing([{ store, name: 'a', create }], policy)
  await ring.rotate()
  const versions = store.versions.splice(0)
  await expect(ring.refresh()).rejects.toMatchObject({
    code: 'NOT_FOUND',
    message: expect.stringContaining('all 2 versions of a in memory disappeared'),
  })
  expect(ring.jwks().keys).toHaveLength(2)
  await pass(700)
  expect(ring.jwksResponse().status).toBe(503)
  expect(store.versions).toEqual([])
  store.versions.push(...versions)
  await pass(60)
  expect(ring.jwks().keys).toHaveLength(2)
})

describe('several sources', () => {
  test('moving house: the new place takes over after the announcement', async () => {
    useVirtualTime()
    const [old, vault] = [new MemoryStore('a file'), new MemoryStore('a vault')]
    const oldKey = await old.add('a')
    oldKey.createdAt = null
    await pass(100_000)
    const sources = [
      { store: vault, name: 'a', create },
      { store: old, name: 'a' },
    ]
    const { ring } = await openTestRing(sources, policy)
    expect(ring.signer().keyId).toBe(oldKey.keyId)
    expect(ring.jwks().keys).toHaveLength(2)
    await pass(910)
    expect(ring.signer().keyId).toBe(vault.versions[0]?.keyId)
    await pass(680)
    expect(ring.jwks().keys).toHaveLength(1)
  })

  test('the same key in both is one key, and signs in the first', async () => {
    useVirtualTime()
    const [old, vault] = [new MemoryStore('a file'), new MemoryStore('a vault')]
    const oldKey = await old.add('a')
    await pass(100_000)
    vault.versions.push({ ...oldKey, location: 'a vault/a', version: 'imported', createdAt: new Date() })
    const { ring } = await openTestRing(
      [
        { store: vault, name: 'a' },
        { store: old, name: 'a' },
      ],
      policy,
    )
    expect(ring.status().keys).toEqual([
      expect.objectContaining({ state: 'active', location: 'a vault/a', createdAt: oldKey.createdAt }),
    ])
    const imported = vault.versions[0]
    if (imported !== undefined) imported.enabled = false
    await ring.refresh()
    expect(statesOf(ring)).toEqual(['revoked'])
  })

  test('the same key in both does not sign before its copy in the first may', async () => {
    useVirtualTime()
    const [vault, file] = [new MemoryStore('a vault'), new MemoryStore('a file')]
    const current = await vault.add('a')
    await pass(10_000)
    const key = await vault.add('a')
    key.notBefore = new Date(Date.now() + 5_000_000)
    file.versions.push({ ...key, notBefore: null })
    const sources = [
      { store: vault, name: 'a' },
      { store: file, name: 'a' },
    ]
    const { ring } = await openTestRing(sources, policy)
    await pass(4_000)
    expect(ring.signer().keyId).toBe(current.keyId)
    await pass(1_011)
    expect(ring.signer().keyId).toBe(key.keyId)
  })

  test('two keys that have no creation time are refused, unless one is told', async () => {
    useVirtualTime()
    const store = new MemoryStore()
    for (const name of ['old', 'next']) (await store.add(name)).createdAt = null
    const next = { store, name: 'next' }
    await expect(openKeyRing([{ store, name: 'old' }, next], policy)).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining('memory/old and memory/next have no creation time'),
    })
    const { ring, events } = await openTestRing(
      [
        { store, name: 'old' },
        { ...next, createdAt: new Date() },
      ],
      policy,
    )
    expect(statesOf(ring)).toEqual(['active', 'announced'])
    expect(events.filter(({ type }) => type === 'cannot-announce')).toHaveLength(1)
  })

  test('a key that comes up with a time in the past is announced all the same', async () => {
    useVirtualTime()
    const store = new MemoryStore()
    const { ring, events } = await openTestRing([{ store, name: 'a', create }], policy)
    await pass(5_000)
    const restored = await store.add('a')
    restored.createdAt = new Date(Date.now() - 3_000_000)
    await ring.refresh()
    expect(ring.signer().keyId).toBe(store.versions[0]?.keyId)
    expect(events).toContainEqual(expect.objectContaining({ type: 'backdated', keyId: restored.keyId }))
    await pass(900)
    expect(ring.signer().keyId).toBe(store.versions[0]?.keyId)
    await pass(20)
    expect(ring.signer().keyId).toBe(restored.keyId)
  })

  test('a key that never signs is published', async () => {
    useVirtualTime()
    const [store, theirs] = [new MemoryStore(), new MemoryStore('theirs')]
    const key = await theirs.add('b')
    const { ring } = await openTestRing(
      [
        { store, name: 'a', create },
        { store: theirs, name: 'b', signs: false },
      ],
      policy,
    )
    await pass(5_000)
    expect(ring.signer().keyId).toBe(store.versions[0]?.keyId)
    expect(ring.jwks().keys.map(({ kid }) => kid)).toContain(key.keyId)
  })
})

describe('several algorithms', () => {
  const rsa = { keyType: 'rsa-2048' } as const

  test('each has a key of its own from the start', async () => {
    useVirtualTime()
    const store = new MemoryStore()
    const sources = [
      { store, name: 'rs', create: rsa },
      { store, name: 'es', create },
    ]
    const { ring } = await openTestRing(sources, policy, { algorithms: ['RS256', 'ES256'] })
    expect(ring.signer().algorithm.name).toBe('RS256')
    expect(ring.signer('ES256').algorithm.name).toBe('ES256')
    expect(ring.jwks().keys.map((key) => key.alg)).toEqual(['RS256', 'ES256'])
    expect(errorOf(() => ring.signer('PS256'))).toMatchObject({
      code: 'UNSUPPORTED_ALGORITHM',
      message: 'the key ring was not opened for PS256; it signs RS256, ES256',
    })
  })

  test('one that is added to an issuer is announced first', async () => {
    useVirtualTime()
    const store = new MemoryStore()
    await store.add('rs', rsa)
    await pass(100_000)
    const sources = [
      { store, name: 'rs' },
      { store, name: 'es', create },
    ]
    const { ring } = await openTestRing(sources, policy, { algorithms: ['RS256', 'ES256'] })
    const error = errorOf(() => ring.signer('ES256'))
    expect(isSealwrightError(error, 'UNAVAILABLE') && error.retryAfter).toBe(910)
    expect(ring.status().ready).toBe(false)
    await pass(910)
    expect(ring.signer('ES256').algorithm.name).toBe('ES256')
  })

  test('of one key is published without alg', async () => {
    useVirtualTime()
    const store = new MemoryStore()
    const { ring } = await openTestRing([{ store, name: 'rs', create: rsa }], policy, {
      algorithms: ['RS256', 'PS256'],
    })
    expect(ring.jwks().keys.map((key) => key.alg)).toEqual([undefined])
    expect(await ring.signer('PS256').sign(data)).toHaveLength(256)
    // One new key serves both.
    const { signing } = await ring.revoke(ring.signer().keyId)
    expect(signing).toEqual([store.versions[1]?.keyId, store.versions[1]?.keyId])
    expect(store.versions).toHaveLength(2)
  })

  test('one that no key can do is refused', async () => {
    useVirtualTime()
    const opening = openTestRing([{ store: new MemoryStore(), name: 'a', create }], policy, {
      algorithms: ['RS256'],
    })
    await expect(opening).rejects.toMatchObject({
      message: 'no key of the ring signs RS256; its keys sign ES256',
    })
  })
})

describe('shards', () => {
  test('sign in turn, rotate each for itself, and are all published', async () => {
    useVirtualTime()
    const store = new MemoryStore()
    const sources = ['1', '2', '3'].map((shard) => ({ store, name: `shard-${shard}`, shard, create }))
    const { ring } = await openTestRing(sources, policy)
    const used = Array.from({ length: 6 }, () => ring.signer().keyId)
    expect(new Set(used).size).toBe(3)
    expect(used.slice(3)).toEqual(used.slice(0, 3))
    expect(ring.jwks().keys).toHaveLength(3)
    await pass(11_000)
    expect(store.versions.map(({ name }) => name).toSorted()).toEqual(
      ['1', '1', '2', '2', '3', '3'].map((each) => `shard-${each}`),
    )
    expect(new Set(Array.from({ length: 6 }, () => ring.signer().keyId)).size).toBe(3)
  })
})

describe('what is made for each key', () => {
  test('is made once, and again for the next', async () => {
    useVirtualTime()
    const store = new MemoryStore()
    const { ring } = await openTestRing([{ store, name: 'a', create }], policy)
    let made = 0
    const issuer = ring.perKey((key) => ({ number: ++made, kid: key.keyId }))
    expect([issuer().number, issuer().number]).toEqual([1, 1])
    await ring.refresh()
    expect(issuer().number).toBe(1)
    await ring.rotate()
    await pass(910)
    expect(issuer()).toEqual({ number: 2, kid: store.versions[1]?.keyId })
  })
})

describe('a clock that is set', () => {
  test.each([
    ['ahead', 100_000],
    ['back', -100_000],
  ])('%s does not start or retire a key early', async (_name, by) => {
    useVirtualTime()
    let offset = 0
    const clock = { now: () => Date.now() + offset * 1_000, elapsed: () => Date.now() }
    const store = new MemoryStore()
    const { ring, events } = await openTestRing([{ store, name: 'a', create }], policy, { clock })
    await ring.rotate()
    await pass(100)
    const [first, second] = store.versions
    offset = by
    await pass(60)
    const signed = (): string => {
      try {
        return ring.signer().keyId
      } catch (error) {
        return isSealwrightError(error, 'UNAVAILABLE') ? 'UNAVAILABLE' : String(error)
      }
    }
    expect(signed()).toBe(by > 0 ? 'UNAVAILABLE' : first?.keyId)
    expect(new Set(ring.jwks().keys.map(({ kid }) => kid))).toEqual(new Set([first?.keyId, second?.keyId]))
    expect(events).toContainEqual({ type: 'clock-jump', by })
    // However the clock was set, the sources are read all the time.
    const { lists } = store
    await pass(300)
    expect(store.lists).toBeGreaterThan(lists + 3)
    expect(ring.jwksResponse().status).toBe(200)
    offset = 0
    await pass(60)
    expect(signed()).toBe(first?.keyId)
  })
})

test.each<[string, () => unknown]>([
  [
    'throws',
    () => {
      throw new Error('the log is full')
    },
  ],
  // If its rejection were left unhandled, this test would fail.
  ['rejects', () => Promise.reject(new Error('no connection'))],
])('a listener that %s stops neither the ring nor the process', async (_, onEvent) => {
  const store = new MemoryStore()
  const { ring } = await openTestRing([{ store, name: 'a', create }], policy, { onEvent })
  await new Promise((resolve) => setImmediate(resolve))
  expect(await signsWith(ring.signer())).toBe(true)
})

test('a ring that is not automatic reads and creates only when it is told to', async () => {
  useVirtualTime()
  const store = new MemoryStore()
  const { ring, events } = await openTestRing([{ store, name: 'a', create }], policy, { automatic: false })
  const { lists } = store
  await pass(20_000)
  expect(store.lists).toBe(lists)
  expect(store.versions).toHaveLength(1)
  expect(events.map(({ type }) => type)).toEqual(['state', 'created'])
  await ring.rotate()
  expect(store.versions).toHaveLength(2)
})

test('a ring that is closed signs no longer', async () => {
  const store = new MemoryStore()
  const ring = await openKeyRing([{ store, name: 'a', create }], policy, { clock: dateClock })
  const signer = ring.signer()
  ring.close()
  await expect(signer.sign(data)).rejects.toMatchObject({
    code: 'UNAVAILABLE',
    message: 'the key ring is closed',
  })
})

test.each([
  [[], {}, 'a key ring needs at least one source'],
  [[{ uri: 'file:./a.pfx' }], {}, 'no backend opens the signing key file:…'],
  [
    [{ store: new MemoryStore(), name: 'a', signs: false, create }],
    {},
    'a source with `signs: false` cannot create keys',
  ],
  [
    [{ store: new MemoryStore(), name: 'a', create: { validityDays: 1 } }],
    {},
    'create.validityDays is 1 (86400 s), but',
  ],
  [
    [{ store: new MemoryStore(), name: 'a', create }],
    { maxSetAge: 800 * 86_400 },
    'create.validityDays is 730 (63072000 s), but',
  ],
  [
    [{ store: new MemoryStore(), name: 'a', create }],
    { announcement: 1 },
    'announcement is 1 s, but must be at least',
  ],
])('%o with %o is refused', async (sources, options, message) => {
  await expect(openKeyRing(sources, options)).rejects.toThrow(message)
})
