import { writeFile } from 'node:fs/promises'
import { request } from 'node:https'
import { join } from 'node:path'
import { CertificateClient } from '@azure/keyvault-certificates'
import { azureKeyVault, openKeyVault, type KeyVaultOptions } from '@sealwright/azure-keyvault'
import { createLocalSigner, type SigningKey } from '@sealwright/core'
import { createJwtIssuer } from '@sealwright/jws'
import { startKeyVaultEmulator, wellKnown, type RunningKeyVaultEmulator } from '@sealwright/keyvault-emulator'
import { localStore, openFolderStore } from '@sealwright/local-store'
import { secretCredential } from '@sealwright/test-kit/credentials'
import { scratchFolder } from '@sealwright/test-kit/folders'
import {
  createSelfSignedCertificate,
  generatePrivateKey,
  readPkcs12,
  renewCertificate,
  writePkcs12,
} from '@sealwright/x509'
import { createLocalJWKSet, jwtVerify, type JSONWebKeySet } from 'jose'
import { describe, expect, onTestFinished, test } from 'vitest'
import { openKeyRing, type KeyRing } from '../../src/index.ts'

const create = { keyType: 'ec-p256' } as const

interface TestVault {
  readonly emulator: RunningKeyVaultEmulator
  readonly options: KeyVaultOptions
  readonly uri: string
  readonly certificates: CertificateClient
}

async function startVault(): Promise<TestVault> {
  const emulator = await startKeyVaultEmulator({ timing: { issuance: 20, deletion: 20 } })
  onTestFinished(() => emulator.close())
  const agent = emulator.agent()
  const credential = secretCredential(emulator, wellKnown)
  const vaultUrl = emulator.vaultUrl('contoso')
  return {
    emulator,
    options: { credential, agent, pollInterval: 10, settleTime: 0, deadline: 20_000, attemptTimeout: 10_000 },
    uri: `${vaultUrl}/certificates/signing`,
    certificates: new CertificateClient(vaultUrl, credential, { agent }),
  }
}

/** A request of an administrator's, who makes what stores of ours do not. */
async function post(emulator: RunningKeyVaultEmulator, path: string, body: unknown): Promise<void> {
  const token = await emulator.credential().getToken('https://vault.azure.net/.default')
  const status = await new Promise((resolve, reject) => {
    request(`${emulator.vaultUrl('contoso')}${path}?api-version=2025-07-01`, {
      method: 'POST',
      agent: emulator.agent(),
      headers: { authorization: `Bearer ${token?.token}`, 'content-type': 'application/json' },
    })
      .once('response', (response) => resolve(response.resume().statusCode))
      .once('error', reject)
      .end(JSON.stringify(body))
  })
  expect(status).toBe(200)
}

/** Writes a PFX as other programs do. */
async function writePfx(path: string): Promise<Buffer> {
  const privateKey = await generatePrivateKey('ec-p256')
  const certificate = await createSelfSignedCertificate(createLocalSigner(privateKey), { subject: 'CN=old' })
  const pfx = Buffer.from(
    await writePkcs12([{ friendlyName: 'old', privateKey, certificates: [certificate] }], 'password', {
      // It is read again at each refresh.
      iterations: 1_000,
    }),
  )
  await writeFile(path, pfx, { mode: 0o600 })
  return pfx
}

async function open(...[sources, policy, options]: Parameters<typeof openKeyRing>): Promise<KeyRing> {
  const ring = await openKeyRing(sources, policy, options)
  onTestFinished(() => ring.close())
  return ring
}

function tokenOf(ring: KeyRing): Promise<string> {
  const issuer = ring.perKey((key: SigningKey) => createJwtIssuer(key, { issuer: 'https://issuer.example' }))
  return issuer().issue({ sub: 'alice' })
}

function verifyWith(ring: KeyRing, token: string): Promise<unknown> {
  return jwtVerify(token, createLocalJWKSet(JSON.parse(ring.jwks().body) as JSONWebKeySet))
}

/** The kid that IdentityServer4 gives a certificate. */
function identityServerNames(key: SigningKey): string[] {
  return key.certificates.slice(0, 1).map(({ fingerprint }) => `${fingerprint.replaceAll(':', '')}ES256`)
}

/** Lets the rings think that time has passed, without waiting: only their clock moves. */
function movableClock(): { pass(seconds: number): void; now(): number; elapsed(): number } {
  let ahead = 0
  return {
    pass(seconds) {
      ahead += seconds * 1_000
    },
    now: () => Date.now() + ahead,
    elapsed: () => performance.now() + ahead,
  }
}

describe('moving house, with instances of before and after side by side', () => {
  test('from a PFX to a key that the vault makes', async () => {
    const { options, uri } = await startVault()
    const path = join(scratchFolder(), 'old.pfx')
    await writePfx(path)
    const backends = [localStore(), azureKeyVault(options)]
    const old = { uri: `file:${path}`, password: () => 'password' }
    const clock = movableClock()
    const before = await open([old], {}, { backends, clock })
    const after = await open([{ uri, create }, old], {}, { backends, clock })
    expect(after.jwks().keys).toHaveLength(2)
    const first = await tokenOf(after)
    await verifyWith(before, first)
    clock.pass(after.policy.announcement + 5)
    await after.refresh()
    const second = await tokenOf(after)
    await verifyWith(after, second)
    await verifyWith(after, first)
    expect(after.signingKey().location).toContain('https://contoso.vault.azure.net')
    clock.pass(after.policy.retention)
    await after.refresh()
    expect(after.jwks().keys).toHaveLength(1)
  })

  test('from a PFX to the same key in the vault: the same kid, and nothing to wait for', async () => {
    const { options, uri } = await startVault()
    const path = join(scratchFolder(), 'old.pfx')
    const pfx = await writePfx(path)
    const old = { uri: `file:${path}`, password: () => 'password' }
    const backends = [localStore(), azureKeyVault(options)]
    const before = await open([old], {}, { backends })
    const store = openKeyVault(new URL(uri).origin, options)
    await store.importPkcs12('signing', pfx, 'password')
    const after = await open([{ uri }, old], {}, { backends })
    expect(after.signer().keyId).toBe(before.signer().keyId)
    expect(after.signingKey().location).toContain('https://contoso.vault.azure.net')
    await verifyWith(before, await tokenOf(after))
    await verifyWith(after, await tokenOf(before))
  })

  test('from one vault to another, and from RS256 to ES256', async () => {
    const [first, second] = [await startVault(), await startVault()]
    const clock = movableClock()
    const old = {
      store: openKeyVault(new URL(first.uri).origin, first.options),
      name: 'signing',
      create: { keyType: 'rsa-2048' },
    } as const
    const before = await open([old], {}, { clock })
    const next = { store: openKeyVault(new URL(second.uri).origin, second.options), name: 'signing', create }
    clock.pass(100_000)
    await before.refresh()
    const after = await open([{ ...next, createdAt: new Date(clock.now()) }, old], {}, { clock })
    expect(after.signer().algorithm.name).toBe('RS256')
    const token = await tokenOf(after)
    clock.pass(after.policy.announcement + 1)
    await Promise.all([before.refresh(), after.refresh()])
    expect(after.signer().algorithm.name).toBe('ES256')
    await verifyWith(after, token)
    await verifyWith(after, await tokenOf(before))
  })

  test("IdentityServer's certificate, with tokens out there under its kid", async () => {
    const path = join(scratchFolder(), 'old.pfx')
    await writePfx(path)
    const ring = await open(
      [{ uri: `file:${path}`, password: () => 'password' }],
      {},
      { backends: [localStore()], aliases: identityServerNames },
    )
    const [own, theirs] = ring.jwks().keys
    expect(theirs).toEqual({ ...own, kid: expect.stringMatching(/^[0-9A-F]{40}ES256$/) })
  })
})

describe('a vault', () => {
  test('an old version that is switched off is revoked, and the next one signs within a refresh', async () => {
    const { options, uri, certificates } = await startVault()
    const clock = movableClock()
    const ring = await open([{ uri, create }], {}, { backends: [azureKeyVault(options)], clock })
    await ring.rotate()
    clock.pass(ring.policy.announcement + 1)
    await ring.refresh()
    expect(ring.status().keys.map(({ state }) => state)).toEqual(['active', 'retiring'])
    const { version } = ring.signingKey()
    await certificates.updateCertificateProperties('signing', version, { enabled: false })
    await ring.refresh()
    expect(ring.status().keys.map(({ state }) => state)).toEqual(['active', 'revoked'])
    expect(ring.signingKey().version).not.toBe(version)
    await verifyWith(ring, await tokenOf(ring))
  })

  test('revokes a key by command: the vault refuses to sign with it, and the next one signs', async () => {
    const { options, uri } = await startVault()
    const ring = await open([{ uri, create }], {}, { backends: [azureKeyVault(options)] })
    const first = ring.signingKey()
    const { signing, refusedUntil } = await ring.revoke(first.keyId)
    expect(signing).toEqual([ring.signer().keyId])
    expect(ring.signer().keyId).not.toBe(first.keyId)
    expect(refusedUntil?.getTime()).toBeGreaterThan(Date.now())
    const store = openKeyVault(new URL(uri).origin, options)
    const old = await store.get('signing', { version: first.version })
    expect(old?.enabled).toBe(false)
    await expect(old?.signer().sign(new Uint8Array(8))).rejects.toMatchObject({ name: 'SealwrightError' })
    await verifyWith(ring, await tokenOf(ring))
  })

  test('that refuses a key before its nbf refuses no instance, also when its clock is behind', async () => {
    const { emulator, options, uri } = await startVault()
    const store = openKeyVault(new URL(uri).origin, { ...options, collection: 'keys' })
    const clock = movableClock()
    const ring = await open([{ store, name: 'signing', create }], {}, { clock })
    const first = ring.signer().keyId
    const { announcement, clockSkew } = ring.policy
    const nbf = Math.floor(Date.now() / 1_000 + announcement + 3_600)
    // Later than the first one: the vault gives times in whole seconds.
    emulator.clock.advance(2_000)
    await post(emulator, '/keys/signing/create', { kty: 'EC', crv: 'P-256', attributes: { nbf } })
    const key = await store.get('signing')
    expect(key?.enforcesValidity).toBe(true)
    const next = key?.signer()
    await expect(next?.sign(new Uint8Array(1))).rejects.toMatchObject({ code: 'ACCESS_DENIED' })
    const until = nbf - clock.now() / 1_000
    const signed: string[] = []
    for (const seconds of [until - 5, 10, clockSkew]) {
      clock.pass(seconds)
      // By as much as clocks may differ.
      emulator.clock.set(clock.now() - clockSkew * 1_000 + 1_000)
      await ring.refresh()
      await verifyWith(ring, await tokenOf(ring))
      signed.push(ring.signer().keyId)
    }
    expect(signed).toEqual([first, first, next?.keyId])
  })

  test('one version of it is a ring of one', async () => {
    const { options, uri } = await startVault()
    const backends = [azureKeyVault(options)]
    const all = await open([{ uri, create }], {}, { backends })
    const { version } = all.signingKey()
    await all.rotate()
    const one = await open([{ uri: `${uri}/${version}` }], {}, { backends })
    expect(one.status().keys.map(({ keyId }) => keyId)).toEqual([all.signer().keyId])
    await expect(one.rotate()).rejects.toMatchObject({ code: 'UNSUPPORTED_OPERATION' })
  })
})

test('a folder: the URI stands for the store, and its key is made once', async () => {
  const folder = scratchFolder()
  const source = { uri: `store:${folder}?name=signing`, create }
  const [a, b] = await Promise.all([0, 1].map(() => open([source], {}, { backends: [localStore()] })))
  expect(a?.signer().keyId).toBe(b?.signer().keyId)
  const store = await openFolderStore(folder)
  expect(await store.list()).toHaveLength(1)
})

test('a folder: instances that rotate at the same moment make one version, and all announce it', async () => {
  const uri = `store:${scratchFolder()}?name=signing`
  const clock = movableClock()
  const rings = await Promise.all(
    [0, 1, 2].map(() => open([{ uri, create }], {}, { backends: [localStore()], clock })),
  )
  const results = await Promise.allSettled(rings.map((ring) => ring.rotate()))
  expect(results.filter(({ status }) => status === 'fulfilled').length).toBeGreaterThan(0)
  await Promise.all(rings.map((ring) => ring.refresh()))
  const states = rings.map((ring) => ring.status().keys.map(({ keyId, state }) => `${keyId} ${state}`))
  expect(states[0]?.length).toBe(2)
  expect(states).toEqual([states[0], states[0], states[0]])
  expect(rings[0]?.status().keys.map(({ state }) => state)).toEqual(['active', 'announced'])
  clock.pass(100_000)
  await Promise.all(rings.map((ring) => ring.refresh()))
  const signers = new Set(rings.map((ring) => ring.signer().keyId))
  expect([...signers]).toEqual([states[0]?.[1]?.split(' ')[0]])
})

test('a folder: the certificate of the active key is renewed by another program, and the key goes on signing', async () => {
  const store = await openFolderStore(scratchFolder())
  const clock = movableClock()
  const ring = await open([{ store, name: 'signing', create }], {}, { clock })
  await ring.rotate()
  clock.pass(ring.policy.announcement + ring.policy.retention + 5)
  await ring.refresh()
  expect(ring.status().keys.map(({ state }) => state)).toEqual(['active', 'retired'])
  const { keyId, name } = ring.signingKey()

  const { keys } = await readPkcs12(await store.exportPkcs12(name, 'password'), 'password')
  const [old = expect.fail()] = keys
  const [certificate = expect.fail()] = old.certificates
  const renewed = await renewCertificate(certificate, createLocalSigner(old.privateKey), {
    notBefore: new Date(clock.now()),
  })
  const entry = { privateKey: old.privateKey, certificates: [renewed], friendlyName: name }
  await store.importPkcs12(name, await writePkcs12([entry], 'password'), 'password')
  await ring.refresh()
  expect(ring.signingKey()).toMatchObject({ keyId, enforcesValidity: false })
  expect(ring.signingKey().certificates[0]?.fingerprint256).toBe(renewed.fingerprint256)
  await verifyWith(ring, await tokenOf(ring))
})

test('a key that was opened before is a ring of one', async () => {
  const store = await openFolderStore(scratchFolder())
  const key = await store.create('signing', create)
  const ring = await open([{ key }])
  expect(ring.signer().keyId).toBe(key.keyId)
  await verifyWith(ring, await tokenOf(ring))
})
