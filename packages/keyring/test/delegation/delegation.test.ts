import { generateKeyPairSync } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { SigningKey } from '@sealwright/core'
import { createJwtIssuer } from '@sealwright/jws'
import { scratchFolder } from '@sealwright/test-kit/folders'
import { isFull } from '@sealwright/test-kit/full'
import { lacks, run } from '@sealwright/test-kit/tools'
import {
  createSelfSignedCertificate,
  encodePem,
  issueCertificate,
  type CertificateOptions,
} from '@sealwright/x509'
import { createLocalJWKSet, decodeProtectedHeader, jwtVerify, type JSONWebKeySet } from 'jose'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import {
  openDelegation,
  type Delegation,
  type DelegateRegistry,
  type DelegationOptions,
  type KeyRing,
} from '../../src/index.ts'
import { MemoryRegistry } from '../support/memory-registry.ts'
import { MemoryStore } from '../support/memory-store.ts'
import { create, policy as rotating } from '../support/policy.ts'
import {
  dateClock,
  openTestRing,
  pass,
  useVirtualTime,
  useVirtualTimeouts,
} from '../support/virtual-clock.ts'

/** Node 24.7 and later. */
const hasMlDsa = canGenerate('ml-dsa-65')

function canGenerate(type: string): boolean {
  try {
    generateKeyPairSync(type as 'ed25519')
    return true
  } catch {
    return false
  }
}

// A = 600 + 300 + 10, and retention = 600 + 20 + 60. A delegate signs 3 × 30 s after its announcement.
const policy = { ...rotating, rotationInterval: null }

async function open(
  store: MemoryStore,
  registry: DelegateRegistry,
  options: DelegationOptions = {},
): Promise<{ ring: KeyRing; delegation: Delegation }> {
  const { ring } = await openTestRing([{ store, name: 'a', create }], policy, { delegates: registry })
  const delegation = openDelegation(ring, registry, { clock: dateClock, ...options })
  onTestFinished(() => delegation.close())
  return { ring, delegation }
}

/** Until the first certificate is published, which takes real time. */
async function untilPublished(registry: MemoryRegistry, count: number): Promise<void> {
  while (registry.certificates.length < count) await new Promise((resolve) => setImmediate(resolve))
  await settle()
}

/** Until keys that are being made are published, most likely. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setImmediate(resolve))
}

const issuerOf = (key: SigningKey): ReturnType<typeof createJwtIssuer> =>
  createJwtIssuer(key, { issuer: 'https://issuer.example', lifetime: 600 })

async function verifyWith(ring: KeyRing, token: string): Promise<void> {
  const keySet = createLocalJWKSet(JSON.parse(ring.jwks().body) as JSONWebKeySet)
  await jwtVerify(token, keySet, { currentDate: new Date() })
}

describe('a delegate', () => {
  test('is published by every instance for the announcement before it signs, and then spares the store its signatures', async () => {
    useVirtualTime()
    const [store, registry] = [new MemoryStore(), new MemoryRegistry()]
    const { ring, delegation } = await open(store, registry)
    const { ring: other } = await openTestRing([{ store, name: 'a' }], policy, { delegates: registry })
    await untilPublished(registry, 1)
    expect(delegation.delegateId).toBeNull()
    expect(delegation.signer().keyId).toBe(ring.signer().keyId)
    await pass(60)
    expect(other.jwks().keys).toHaveLength(2)
    await pass(1_000)
    const kid = delegation.delegateId
    expect(kid).not.toBeNull()
    const before = store.signatures
    const token = await delegation.perKey(issuerOf)().issue({ sub: 'alice' })
    expect(store.signatures).toBe(before)
    expect(JSON.parse(Buffer.from(token.split('.')[0] ?? '', 'base64url').toString())).toMatchObject({ kid })
    for (const each of [ring, other]) await verifyWith(each, token)
  })

  test('is followed by the next in time, and stays published until its tokens have expired', async () => {
    useVirtualTime()
    const [store, registry] = [new MemoryStore(), new MemoryRegistry()]
    const { ring, delegation } = await open(store, registry, { lifetime: 3_600 })
    await untilPublished(registry, 1)
    await pass(1_010)
    const kids = new Set<string>()
    const tokens: { token: string; expires: number }[] = []
    const issuer = delegation.perKey(issuerOf)
    for (let minute = 0; minute < 240; minute++) {
      expect(delegation.delegateId).not.toBeNull()
      kids.add(delegation.delegateId ?? '')
      if (minute % 5 === 0)
        tokens.push({ token: await issuer().issue({ sub: 'alice' }), expires: Date.now() + 600_000 })
      for (const { token, expires } of tokens) if (expires > Date.now()) await verifyWith(ring, token)
      await pass(60)
    }
    expect(kids.size).toBeGreaterThanOrEqual(4)
    expect(ring.jwks().keys.length).toBeLessThanOrEqual(4)
  })

  test('is revoked with the key that vouches for it', async () => {
    useVirtualTime()
    const [store, registry] = [new MemoryStore(), new MemoryRegistry()]
    const { ring, delegation } = await open(store, registry)
    await untilPublished(registry, 1)
    await pass(1_010)
    const kid = delegation.delegateId
    const signer = delegation.signer()
    await store.rotate('a')
    const [first] = store.versions
    if (first !== undefined) first.enabled = false
    await ring.refresh()
    expect(ring.status().keys.find(({ keyId }) => keyId === kid)?.state).toBe('revoked')
    expect(ring.jwks().keys.map((key) => key.kid)).toEqual([store.versions[1]?.keyId])
    await pass(2)
    expect(delegation.delegateId).toBeNull()
    await expect(signer.sign(new Uint8Array(1))).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      message: expect.stringContaining('that certified it is revoked'),
    })
  })

  test.skipIf(!hasMlDsa)(
    'signs with ML-DSA, vouched for by a key of another kind [needs ML-DSA]',
    async () => {
      useVirtualTime()
      const [store, registry] = [new MemoryStore(), new MemoryRegistry()]
      const { ring, delegation } = await open(store, registry, { keyType: 'ml-dsa-65' })
      await untilPublished(registry, 1)
      await pass(1_010)
      const token = await delegation.perKey(issuerOf)().issue({ sub: 'alice' })
      expect(decodeProtectedHeader(token)).toMatchObject({ alg: 'ML-DSA-65', kid: delegation.delegateId })
      await verifyWith(ring, token)
      expect(ring.status().algorithms).toEqual(['ES256', 'ML-DSA-65'])
    },
  )

  test.skipIf(lacks('openssl'))('has a chain that OpenSSL verifies [needs openssl]', async () => {
    useVirtualTime()
    vi.setSystemTime(new Date('2026-11-25'))
    const [store, registry] = [new MemoryStore(), new MemoryRegistry()]
    const { delegation } = await open(store, registry)
    await untilPublished(registry, 1)
    await pass(1_010)
    const folder = scratchFolder()
    const [certificate, authority] = delegation
      .signingKey()
      .certificates.map(({ raw }) => encodePem('CERTIFICATE', raw))
    writeFileSync(join(folder, 'delegate.pem'), certificate ?? '')
    writeFileSync(join(folder, 'authority.pem'), authority ?? '')
    const time = String(Math.floor(Date.now() / 1_000))
    const [leaf, root] = [join(folder, 'delegate.pem'), join(folder, 'authority.pem')]
    const verified = run(['openssl', ['verify', '-x509_strict', '-attime', time, '-CAfile', root, leaf]])
    expect(verified).toBe(`${leaf}: OK\n`)
  })
})

describe('the registry', () => {
  test('is not trusted: what no key of the ring has signed, or is no certificate, is passed over', async () => {
    useVirtualTime()
    const [store, registry] = [new MemoryStore(), new MemoryRegistry()]
    const stranger = await new MemoryStore().add('b')
    registry.certificates.push(
      stranger.certificates[0]?.raw ?? Buffer.alloc(0),
      Buffer.from('no certificate'),
      Buffer.alloc(1e6),
      null as unknown as Uint8Array,
    )
    const { ring } = await openTestRing([{ store, name: 'a', create }], policy, { delegates: registry })
    expect(ring.jwks().keys).toHaveLength(1)
    expect(ring.status().ready).toBe(true)
  })

  const thousand = isFull ? 1_000 : 20
  test(`of ${thousand} instances stays below 20 keys; the others sign with the key of the ring`, async () => {
    useVirtualTime()
    const [store, registry] = [new MemoryStore(), new MemoryRegistry()]
    const { ring } = await openTestRing([{ store, name: 'a', create }], policy, { delegates: registry })
    // The next version of the key is announced meanwhile.
    await store.rotate('a')
    const delegations: Delegation[] = []
    for (let instance = 0; instance < thousand; instance++) {
      const before = registry.certificates.length
      const delegation = openDelegation(ring, registry, { clock: dateClock })
      onTestFinished(() => delegation.close())
      delegations.push(delegation)
      if (before < 8) await untilPublished(registry, before + 1)
      else await settle()
    }
    await pass(1_010)
    // With this policy each takes up two of the 16 places: what it publishes is valid for 1.9 times as long as it takes until the next.
    expect(registry.certificates).toHaveLength(8)
    expect(delegations.filter(({ delegateId }) => delegateId !== null)).toHaveLength(8)
    expect(ring.jwks().keys).toHaveLength(10)
    for (const delegation of delegations)
      await verifyWith(ring, await delegation.perKey(issuerOf)().issue({ sub: 'alice' }))
  }, 300_000)

  test.skipIf(!isFull).each([2, 8, 40])(
    'of %i instances that start one after the other has as many at work as can go on, for half a day [needs SEALWRIGHT_FULL=1]',
    async (count) => {
      useVirtualTime()
      const [store, registry] = [new MemoryStore(), new MemoryRegistry()]
      const { ring } = await openTestRing([{ store, name: 'a', create }], policy, { delegates: registry })
      const delegations: Delegation[] = []
      for (let instance = 0; instance < count; instance++) {
        const delegation = openDelegation(ring, registry, { clock: dateClock })
        onTestFinished(() => delegation.close())
        delegations.push(delegation)
        await untilPublished(registry, Math.min(instance + 1, 8))
        await pass(10)
      }
      await pass(1_030)
      const least = Math.min(count, 8)
      for (let minutes = 0; minutes < 12 * 60; minutes += 10) {
        expect(delegations.filter(({ delegateId }) => delegateId !== null).length).toBeGreaterThanOrEqual(
          least,
        )
        expect(ring.jwks().keys.length).toBeLessThanOrEqual(17)
        for (let step = 0; step < 10; step++) {
          await pass(60)
          // Keys and certificates are made in real time.
          await new Promise((resolve) => AbortSignal.timeout(20).addEventListener('abort', resolve))
        }
      }
    },
    600_000,
  )

  test('of instances that start together publishes the oldest, the same in every instance, and only these sign', async () => {
    useVirtualTime()
    const [store, registry] = [new MemoryStore(), new MemoryRegistry()]
    const options = { delegates: registry, maxDelegates: 3 }
    const { ring } = await openTestRing([{ store, name: 'a', create }], policy, options)
    // As listed elsewhere, in another order.
    const mirror = new MemoryRegistry()
    mirror.list = async () => registry.certificates.toReversed()
    const { ring: other } = await openTestRing([{ store, name: 'a' }], policy, {
      ...options,
      delegates: mirror,
    })
    // Nothing is published before all have seen an empty registry.
    const waiting: (() => void)[] = []
    const publish = registry.publish.bind(registry)
    registry.publish = async (certificate) => {
      await new Promise<void>((resolve) => waiting.push(resolve))
      await publish(certificate)
    }
    const problems: unknown[] = []
    const onProblem = (error: unknown): unknown => problems.push(error)
    const delegations = Array.from({ length: 8 }, () =>
      openDelegation(ring, registry, { clock: dateClock, onProblem }),
    )
    onTestFinished(() => {
      for (const delegation of delegations) delegation.close()
    })
    while (waiting.length < 8) await new Promise((resolve) => setImmediate(resolve))
    for (const go of waiting) go()
    await untilPublished(registry, 8)
    await pass(1_010)
    expect(ring.jwks().keys).toHaveLength(1 + 3)
    expect(other.jwks().keys).toEqual(ring.jwks().keys)
    expect(problems).toEqual([])
    const delegateIds = delegations.flatMap(({ delegateId }) => delegateId ?? [])
    expect(new Set(delegateIds).size).toBe(delegateIds.length)
    expect(delegateIds.length).toBeGreaterThan(0)
    const published = new Set(ring.jwks().keys.map(({ kid }) => kid))
    expect(delegateIds.every((kid) => published.has(kid))).toBe(true)
    for (const delegation of delegations)
      await verifyWith(other, await delegation.perKey(issuerOf)().issue({ sub: 'alice' }))
  })

  test('that anyone fills with certificates stops nothing', async () => {
    useVirtualTime()
    const [store, registry] = [new MemoryStore(), new MemoryRegistry()]
    const { ring, delegation } = await open(store, registry)
    await untilPublished(registry, 1)
    const stranger = await new MemoryStore().add('b')
    const junk = Array.from({ length: 2_000 }, () => stranger.certificates[0]?.raw ?? Buffer.alloc(0))
    registry.certificates.unshift(...junk)
    await ring.refresh()
    await pass(1_010)
    expect(delegation.delegateId).not.toBeNull()
    expect(ring.jwks().keys.map(({ kid }) => kid)).toContain(delegation.delegateId)
  })

  describe('does not make a key sign tokens because a key of the ring has certified it', () => {
    const day = 86_400_000
    const purpose = { extendedKeyUsage: ['2.25.122525516242243951230331000519462357826'] }
    const begins = new Date(Date.UTC(2030, 0, 1))
    const later = (days: number): Date => new Date(begins.getTime() + days * day)
    type Given = Partial<CertificateOptions> & { subject?: string; issuer?: string; validityDays?: number }
    test.each<[string, Given, number]>([
      ['as a delegate', { extensions: purpose }, 2],
      [
        'for a TLS server',
        { profile: 'tlsServer', subjectAltNames: [{ type: 'dns', value: 'www.example.com' }] },
        1,
      ],
      ['for no purpose of its own', {}, 1],
      ['under another name', { extensions: purpose, subject: 'CN=other' }, 1],
      ['as another issuer', { extensions: purpose, issuer: 'CN=a certification authority' }, 1],
      [
        'as a CA',
        { extensions: { ...purpose, basicConstraints: { ca: true }, keyUsage: ['keyCertSign'] } },
        1,
      ],
      ['for years', { extensions: purpose, notAfter: later(100) }, 1],
      ['from a later day on', { extensions: purpose, notBefore: later(1), notAfter: later(2) }, 1],
      ['until its own last day', { extensions: purpose, validityDays: 9, notAfter: later(9) }, 2],
      ['beyond its own last day', { extensions: purpose, validityDays: 9, notAfter: later(10) }, 1],
    ])('%s', async (_name, { subject = 'CN=delegate', issuer: name, validityDays, ...options }, count) => {
      useVirtualTime()
      const [store, registry] = [new MemoryStore(), new MemoryRegistry()]
      const key = await store.add('a', { validityDays })
      const { publicKey } = await new MemoryStore().add('b')
      const signer = key.signer()
      const notBefore = new Date()
      const authority = await createSelfSignedCertificate(signer, {
        subject: name ?? `CN=${key.keyId}`,
        profile: 'rootCa',
        notBefore,
      })
      const certificate = await issueCertificate(
        { signer, certificate: authority },
        { subject, publicKey },
        { notBefore, notAfter: new Date(Date.now() + day), ...options },
      )
      registry.certificates.push(certificate.raw)
      const { ring } = await openTestRing([{ store, name: 'a' }], policy, { delegates: registry })
      expect(ring.jwks().keys).toHaveLength(count)
    })
  })

  test.each<[string, () => unknown]>([
    [
      'throws',
      () => {
        throw new Error('the log is full')
      },
    ],
    ['rejects', () => Promise.reject(new Error('no connection'))],
  ])(
    'a listener of problems that %s does not stop the next attempt, nor the process',
    async (_, onProblem) => {
      useVirtualTime()
      const [store, registry] = [new MemoryStore(), new MemoryRegistry()]
      const attempts: unknown[] = []
      registry.publish = (certificate) => {
        attempts.push(certificate)
        return Promise.reject(new Error('read-only'))
      }
      const { ring, delegation } = await open(store, registry, { onProblem })
      while (attempts.length === 0) await new Promise((resolve) => setImmediate(resolve))
      for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setImmediate(resolve))
      await pass(61)
      while (attempts.length === 1) await new Promise((resolve) => setImmediate(resolve))
      expect(delegation.signer().keyId).toBe(ring.signer().keyId)
    },
  )

  test('that cannot be written leaves the key of the ring to sign', async () => {
    useVirtualTime()
    const [store, problems] = [new MemoryStore(), [] as unknown[]]
    const registry = new MemoryRegistry()
    registry.publish = () => Promise.reject(new Error('read-only'))
    const { ring, delegation } = await open(store, registry, { onProblem: (error) => problems.push(error) })
    while (problems.length === 0) await new Promise((resolve) => setImmediate(resolve))
    await pass(1_010)
    expect(problems[0]).toMatchObject({ message: 'read-only' })
    expect(delegation.signer().keyId).toBe(ring.signer().keyId)
  })
})

describe('a delegation that is closed', () => {
  test('signs no longer, also through what was made before', async () => {
    useVirtualTime()
    const [store, registry] = [new MemoryStore(), new MemoryRegistry()]
    const { ring, delegation } = await open(store, registry)
    await untilPublished(registry, 1)
    await pass(1_010)
    const [key, signer] = [delegation.signingKey(), delegation.signer()]
    const issuer = issuerOf(key)
    expect(key.keyId).not.toBe(ring.signer().keyId)
    await issuer.issue({ sub: 'alice' })
    delegation.close()
    const closed = { code: 'UNAVAILABLE', message: expect.stringContaining('the delegation is closed') }
    await expect(issuer.issue({ sub: 'alice' })).rejects.toMatchObject(closed)
    await expect(signer.sign(new Uint8Array(1))).rejects.toMatchObject(closed)
    await expect(key.signer().sign(new Uint8Array(1))).rejects.toMatchObject(closed)
  })

  test('while the key of the ring certifies a delegate publishes none', async () => {
    useVirtualTime()
    const [store, registry] = [new MemoryStore(), new MemoryRegistry()]
    const key = await store.add('a')
    const { signer } = key
    const held: (() => void)[] = []
    key.signer = () => ({
      ...signer(),
      async sign(data) {
        if (held.length === 0) await new Promise<void>((resolve) => held.push(resolve))
        return signer().sign(data)
      },
    })
    const { ring, delegation } = await open(store, registry)
    while (held.length === 0) await new Promise((resolve) => setImmediate(resolve))
    delegation.close()
    held[0]?.()
    while (store.signatures < 2) await new Promise((resolve) => setImmediate(resolve))
    // One that begins afterwards is published.
    const next = openDelegation(ring, registry, { clock: dateClock })
    onTestFinished(() => next.close())
    await untilPublished(registry, 1)
    await pass(1_010)
    expect(next.delegateId).not.toBeNull()
    expect(registry.certificates).toHaveLength(1)
  })
})

test('a key of the ring that never answers does not end the delegation for good', async () => {
  useVirtualTime()
  useVirtualTimeouts()
  const [store, registry] = [new MemoryStore(), new MemoryRegistry()]
  const [problems, hangs] = [[] as unknown[], [] as string[]]
  const key = await store.add('a')
  const { signer } = key
  key.signer = () => ({
    ...signer(),
    sign(data) {
      hangs.push('hangs')
      return hangs.length === 1 ? new Promise(() => {}) : signer().sign(data)
    },
  })
  await open(store, registry, { onProblem: (error) => problems.push(error) })
  while (hangs.length === 0) await new Promise((resolve) => setImmediate(resolve))
  await pass(61)
  expect(problems).toEqual([
    expect.objectContaining({ message: `${key.keyId} took too long to certify a delegate` }),
  ])
  // It answers the next attempt, in real time.
  while (hangs.length === 1) await pass(1)
  await untilPublished(registry, 1)
})

test('a delegate that lives for longer than a timer of Node is made once', async () => {
  useVirtualTime()
  const [store, registry] = [new MemoryStore(), new MemoryRegistry()]
  await open(store, registry, { lifetime: 31 * 86_400 })
  await untilPublished(registry, 1)
  for (let second = 0; second < 5; second++) await pass(1)
  expect(registry.certificates).toHaveLength(1)
})

test('what cannot be is refused with the arithmetic', async () => {
  useVirtualTime()
  const [store, registry] = [new MemoryStore(), new MemoryRegistry()]
  const { ring } = await openTestRing([{ store, name: 'a', create }], policy, { delegates: registry })
  expect(() => openDelegation(ring, registry, { lifetime: 60 })).toThrow(
    'a single instance would publish 28 delegates: 1 + ⌈(announcement + retention) ÷ lifetime⌉ = 1 + ⌈(910 + 680) ÷ 60⌉',
  )
  expect(() => openDelegation(ring, registry, { lifetime: 0 })).toThrow(
    'lifetime must be a whole number of seconds from 1 to 2678400, not 0',
  )
  expect(() => openDelegation(ring, registry, { lifetime: 40 * 86_400 })).toThrow(
    'lifetime must be a whole number of seconds from 1 to 2678400, not 3456000',
  )
  const opening = (maxDelegates: number): Promise<unknown> =>
    openTestRing([{ store, name: 'a' }], policy, { delegates: registry, maxDelegates })
  await expect(opening(0)).rejects.toThrow('options.maxDelegates must be a whole number from 1 to 98, not 0')
  await expect(opening(99)).rejects.toThrow(
    'options.maxDelegates must be a whole number from 1 to 98, not 99',
  )
  expect(() => openDelegation(ring, new MemoryRegistry())).toThrow('opened without this registry')
  const { ring: alone } = await openTestRing([{ store, name: 'a' }], policy)
  for (const none of [null, undefined])
    expect(() => openDelegation(alone, none as never)).toThrow('opened without this registry')
})
