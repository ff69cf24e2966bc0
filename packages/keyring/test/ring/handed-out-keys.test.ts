import type { Signer } from '@sealwright/core'
import { tokenSigner } from '@sealwright/core/internal'
import { createJwtIssuer } from '@sealwright/jws'
import { createLocalJWKSet, jwtVerify, type JSONWebKeySet } from 'jose'
import { describe, expect, test } from 'vitest'
import { MemoryStore } from '../support/memory-store.ts'
import { openTestRing, useVirtualTime } from '../support/virtual-clock.ts'

const policy = { tokenLifetime: 600, rotationInterval: null }
const data = new TextEncoder().encode('header.payload')
const issuer = 'https://issuer.example'

describe('a signer that is kept', () => {
  test('when its certificate is renewed ends with a revocation all the same', async () => {
    useVirtualTime()
    const store = new MemoryStore()
    const key = await store.add('a')
    const { ring } = await openTestRing([{ store, name: 'a' }], policy)
    const kept = ring.signer()
    const renewed = { ...key, version: 'renewed' }
    store.versions.push(renewed)
    await ring.refresh()
    expect(ring.signer()).not.toBe(kept)
    await kept.sign(data)
    key.enabled = renewed.enabled = false
    await ring.refresh()
    await expect(kept.sign(data)).rejects.toMatchObject({ code: 'UNAVAILABLE' })
  })

  test('when its certificate is renewed ends when the ring is closed', async () => {
    useVirtualTime()
    const store = new MemoryStore()
    const key = await store.add('a')
    const { ring } = await openTestRing([{ store, name: 'a' }], policy)
    const kept = ring.signer()
    store.versions.push({ ...key, version: 'renewed' })
    await ring.refresh()
    expect(ring.signer()).not.toBe(kept)
    await kept.sign(data)
    ring.close()
    await expect(kept.sign(data)).rejects.toMatchObject({ message: 'the key ring is closed' })
  })

  test('when its key is deleted and comes back ends with a revocation', async () => {
    useVirtualTime()
    const store = new MemoryStore()
    const [first, second] = [await store.add('a'), await store.add('a')]
    const { ring } = await openTestRing([{ store, name: 'a' }], policy)
    const kept = ring.signer()
    expect(kept.keyId).toBe(first.keyId)
    store.versions.splice(0, 1)
    await ring.refresh()
    await expect(kept.sign(data)).rejects.toMatchObject({ message: expect.stringContaining('state: gone') })
    expect(ring.signer().keyId).toBe(second.keyId)
    store.versions.unshift(first)
    await ring.refresh()
    await kept.sign(data)
    first.enabled = false
    await ring.refresh()
    await expect(kept.sign(data)).rejects.toMatchObject({
      message: expect.stringContaining('state: revoked'),
    })
  })
})

test('a key whose times or certificates change in the store is handed out anew', async () => {
  useVirtualTime()
  const store = new MemoryStore()
  const key = await store.add('a')
  const other = await new MemoryStore().add('a')
  const { ring } = await openTestRing([{ store, name: 'a' }], policy)
  const made: unknown[] = []
  const issuerOfKey = ring.perKey((each) => made.push(each.notAfter))
  issuerOfKey()
  const kept = ring.signer()
  const changes = [
    { notAfter: new Date(Date.now() + 900 * 86_400_000) },
    { notBefore: new Date(Date.now() - 1) },
    { certificates: other.certificates },
    { certificates: [] },
  ]
  for (const change of changes) {
    // As a store that reads its objects anew, and as one that changes them.
    if ('notAfter' in change) Object.assign(key, change)
    else store.versions[0] = Object.assign({ ...store.versions[0] }, key, change)
    await ring.refresh()
    expect(ring.signingKey()).toMatchObject(change)
    issuerOfKey()
  }
  expect(made).toHaveLength(changes.length + 1)
  // What was made before still signs.
  await kept.sign(data)
})

function pick(signer: Signer): Signer {
  const { algorithm, keyId, publicKey } = signer
  return { algorithm, keyId, publicKey, sign: (input, options) => signer.sign(input, options) }
}

describe('a signer that makes whole tokens', () => {
  test('makes them through the ring, as long as its key may sign', async () => {
    useVirtualTime()
    const store = new MemoryStore()
    const key = await store.add('a')
    const plain = key.signer()
    const whole = {
      ...pick(plain),
      [tokenSigner]: () => ({ signToken: async (prefix: string) => `${prefix}whole` }),
    }
    key.signer = () => whole
    const { ring } = await openTestRing([{ store, name: 'a' }], policy)
    const jwts = createJwtIssuer(ring.signingKey(), { issuer })
    expect(await jwts.issue({})).toMatch(/\.whole$/)
    key.enabled = false
    await ring.refresh()
    await expect(jwts.issue({})).rejects.toMatchObject({ code: 'UNAVAILABLE' })
  })

  test('makes signatures when it says so', async () => {
    useVirtualTime()
    const store = new MemoryStore()
    const key = await store.add('a')
    const plain = { ...pick(key.signer()), [tokenSigner]: () => null }
    key.signer = () => plain
    const { ring } = await openTestRing([{ store, name: 'a' }], policy)
    const token = await createJwtIssuer(ring.signingKey(), { issuer }).issue({})
    expect(token.split('.')).toHaveLength(3)
  })
})

describe('a key of the ring', () => {
  test('signs with the algorithm that the JWK Set has for it, and with no other', async () => {
    useVirtualTime()
    const store = new MemoryStore()
    const key = await store.add('a', { keyType: 'rsa-2048' })
    const { ring } = await openTestRing([{ store, name: 'a' }], policy)
    expect(ring.jwks().keys.map(({ alg }) => alg)).toEqual(['RS256'])
    const issuing = ring.perKey((each) => createJwtIssuer(each, { issuer, algorithm: 'PS256' }))
    expect(issuing).toThrow(expect.objectContaining({ code: 'UNSUPPORTED_ALGORITHM' }))
    expect(() => ring.signingKey().signer('PS256')).toThrow(
      `the JWK Set publishes the key ${key.keyId} for RS256 only; add the other algorithm to \`algorithms\``,
    )
    expect(ring.signingKey().algorithms.map(({ name }) => name)).toEqual(['RS256'])
  })

  test('signs every algorithm that the ring was opened for, and jose verifies the tokens', async () => {
    useVirtualTime()
    const store = new MemoryStore()
    await store.add('a', { keyType: 'rsa-2048' })
    const algorithms = ['RS256', 'PS256']
    const { ring } = await openTestRing([{ store, name: 'a' }], policy, { algorithms })
    const keySet = createLocalJWKSet(JSON.parse(ring.jwks().body) as JSONWebKeySet)
    for (const algorithm of algorithms) {
      const issuing = ring.perKey((each) => createJwtIssuer(each, { issuer, lifetime: 60 }), algorithm)
      const { protectedHeader } = await jwtVerify(await issuing().issue({ sub: 'alice' }), keySet, {
        currentDate: new Date(),
      })
      expect(protectedHeader.alg).toBe(algorithm)
    }
  })
})
