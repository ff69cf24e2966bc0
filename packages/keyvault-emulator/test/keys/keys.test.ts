import { generateKeyPairSync, randomBytes } from 'node:crypto'
import type { KeyVaultKey } from '@azure/keyvault-keys'
import { rejection } from '@sealwright/test-kit/errors'
import { describe, expect, test } from 'vitest'
import { errorOf, importRsaKey, isValidSignature, publicKeyOf, startRig, type Rig } from '../support/rig.ts'

const version32 = /^[0-9a-f]{32}$/

describe('create', () => {
  test('an RSA key looks as the service’s recordings show one', async () => {
    const rig = await startRig({ recoverableDays: 7 })
    const { status, body } = await rig.raw('POST', '/keys/k/create?api-version=2025-07-01', {
      body: { kty: 'RSA', attributes: { enabled: false } },
    })
    expect(status).toBe(200)
    const key = body['key'] as { kid: string; n: string }
    expect(JSON.stringify(body)).toBe(
      JSON.stringify({
        key: {
          kid: key.kid,
          kty: 'RSA',
          key_ops: ['encrypt', 'decrypt', 'sign', 'verify', 'wrapKey', 'unwrapKey'],
          n: key.n,
          e: 'AQAB',
        },
        attributes: {
          enabled: false,
          key_size: 2048,
          created: (body['attributes'] as { created: number }).created,
          updated: (body['attributes'] as { created: number }).created,
          recoveryLevel: 'CustomizedRecoverable+Purgeable',
          recoverableDays: 7,
          exportable: false,
          hsmPlatform: '0',
        },
      }),
    )
    expect(key.kid).toMatch(/^https:\/\/emulator\.vault\.azure\.net:\d+\/keys\/k\/[0-9a-f]{32}$/)
  })

  test('an EC key has no key_size', async () => {
    const rig = await startRig()
    const { body } = await rig.raw('POST', '/keys/k/create?api-version=2025-07-01', {
      body: { kty: 'EC', crv: 'P-256K' },
    })
    expect(body['key']).toMatchObject({ kty: 'EC', crv: 'P-256K', key_ops: ['sign', 'verify'] })
    expect(Object.keys(body['attributes'] as object)).toEqual([
      'enabled',
      'created',
      'updated',
      'recoveryLevel',
      'recoverableDays',
      'exportable',
      'hsmPlatform',
    ])
  })

  test.each([
    ['RSA-3072', (rig: Rig) => rig.keys.createRsaKey('k', { keySize: 3072 }), 384],
    ['RSA-HSM', (rig: Rig) => rig.keys.createRsaKey('k', { hsm: true }), 256],
  ])('%s', async (_name, create, length) => {
    const key = await create(await startRig())
    expect(key.key?.n).toHaveLength(length)
    expect(key.properties.hsmPlatform).toBe(key.keyType === 'RSA-HSM' ? '2' : '0')
  })

  test('a public exponent of one’s own', async () => {
    const rig = await startRig()
    // The client drops its option of that name.
    await rig.raw('POST', '/keys/k/create?api-version=7.6', { body: { kty: 'RSA', public_exponent: 17 } })
    expect(publicKeyOf(await rig.keys.getKey('k')).asymmetricKeyDetails?.publicExponent).toBe(17n)
  })

  test.each(['P-256', 'P-384', 'P-521', 'P-256K'])('EC %s', async (curve) => {
    const rig = await startRig()
    const key = await rig.keys.createEcKey('k', { curve })
    expect(key.key?.crv).toBe(curve)
    expect(publicKeyOf(key).type).toBe('public')
  })

  test('again under the same name is a new version, and the current one', async () => {
    const rig = await startRig()
    const first = await rig.keys.createEcKey('k', { tags: { round: '1' } })
    const second = await rig.keys.createEcKey('K')
    expect(second.name).toBe('k')
    expect(second.properties.version).toMatch(version32)
    expect((await rig.keys.getKey('k')).properties.version).toBe(second.properties.version)
    const pinned = await rig.keys.getKey('k', { version: first.properties.version ?? '' })
    expect(pinned.properties.tags).toEqual({ round: '1' })
  })

  test.each([
    [{ kty: 'oct' }, /Key type 'oct' is not supported/],
    [{ kty: 'OKP', crv: 'Ed25519' }, /Key type 'OKP' is not supported/],
    [{}, /Property 'kty' is required/],
    [{ kty: 'RSA', key_size: 1024 }, /1024 bits/],
    [{ kty: 'RSA', key_size: '2048' }, /'key_size' has invalid value/],
    [{ kty: 'EC', crv: 'P-192' }, /Curve 'P-192' is not supported/],
    [{ kty: 'EC', key_ops: ['encrypt'] }, /Operation 'encrypt' is not supported/],
    [{ kty: 'EC', attributes: { nbf: 2, exp: 1 } }, /'nbf' attribute must be earlier/],
    [{ kty: 'EC', attributes: { exportable: true } }, /release policy/],
    [{ kty: 'EC', tags: { a: 1 } }, /'tags' has invalid value/],
    ['not json', /not valid JSON/],
    ['[]', /must be a JSON object/],
  ])('%j is a 400 and makes nothing', async (body, message) => {
    const rig = await startRig()
    const answer = await rig.raw('POST', '/keys/k/create?api-version=7.6', { body })
    expect(answer).toMatchObject({ status: 400, body: { error: { code: 'BadParameter' } } })
    expect(JSON.stringify(answer.body)).toMatch(message)
    expect(errorOf(await rejection(rig.keys.getKey('k')))).toMatchObject({ status: 404 })
  })
})

describe('import', () => {
  test.each(['RSA', 'P-256', 'P-384', 'P-521', 'secp256k1'])('a key of %s signs afterwards', async (kind) => {
    const rig = await startRig()
    const { privateKey, publicKey } =
      kind === 'RSA'
        ? generateKeyPairSync('rsa', { modulusLength: 2048 })
        : generateKeyPairSync('ec', { namedCurve: kind })
    const jwk = privateKey.export({ format: 'jwk' })
    const members = Object.fromEntries(
      Object.entries(jwk)
        .filter(([name]) => !['kty', 'crv'].includes(name))
        .map(([name, value]) => [name, Buffer.from(String(value), 'base64url')]),
    )
    const imported = await rig.keys.importKey('k', {
      ...members,
      kty: kind === 'RSA' ? 'RSA' : 'EC',
      ...(kind === 'RSA' ? {} : { crv: kind === 'secp256k1' ? 'P-256K' : kind }),
    })
    expect(publicKeyOf(imported).equals(publicKey)).toBe(true)
    const algorithm = { RSA: 'PS256', 'P-256': 'ES256', 'P-384': 'ES384', 'P-521': 'ES512' }[kind] ?? 'ES256K'
    const message = randomBytes(100)
    const { result } = await rig.cryptography(imported).signData(algorithm, message)
    expect(isValidSignature(algorithm, publicKey, message, result)).toBe(true)
  })

  test('as an HSM key', async () => {
    const rig = await startRig()
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const jwk = { ...privateKey.export({ format: 'jwk' }), kty: 'EC-HSM' }
    const { body } = await rig.raw('PUT', '/keys/k?api-version=7.6', { body: { key: jwk, Hsm: true } })
    expect(body['key']).toMatchObject({ kty: 'EC-HSM' })
  })

  test.each([
    ['no key', {}],
    ['a public key', { key: { kty: 'EC', crv: 'P-256', x: 'AA', y: 'AA' } }],
    ['rubbish', { key: { kty: 'RSA', n: 'AA', e: 'AQAB', d: 'AA' } }],
  ])('%s is a 400', async (_name, body) => {
    const rig = await startRig()
    await expect(rig.raw('PUT', '/keys/k?api-version=7.6', { body })).resolves.toMatchObject({ status: 400 })
  })
})

describe('get', () => {
  test('what never was is a 404 in the words of the service', async () => {
    const rig = await startRig()
    expect(errorOf(await rejection(rig.keys.getKey('none')))).toMatchObject({
      status: 404,
      code: 'KeyNotFound',
      message:
        'A key with (name/id) none was not found in this key vault. If you recently deleted this key you may be able to ' +
        'recover it using the correct recovery command. For help resolving this issue, please see ' +
        'https://go.microsoft.com/fwlink/?linkid=2125182',
    })
  })

  test('an unknown version is a 404', async () => {
    const rig = await startRig()
    await rig.keys.createEcKey('k')
    const error = errorOf(await rejection(rig.keys.getKey('k', { version: '0'.repeat(32) })))
    expect(error).toMatchObject({ status: 404, code: 'KeyNotFound' })
  })

  test.each(['/keys/k', '/keys/k/'])('%s is the current version', async (path) => {
    const rig = await startRig()
    const key = await rig.keys.createEcKey('k')
    const { body } = await rig.raw('GET', `${path}?api%2Dversion=2025-07-01`)
    expect(body['key']).toMatchObject({ kid: key.id })
  })

  test.each([
    ['/keys/a_b?api-version=7.6', 400, 'BadParameter'],
    ['/keys/k?api-version=', 400, 'BadParameter'],
    ['/keys/k', 400, 'BadParameter'],
    ['/keys/k?api-version=latest', 400, 'BadParameter'],
    ['/nothing?api-version=7.6', 404, 'NotFound'],
    ['/keys/k/v/w/x?api-version=7.6', 404, 'NotFound'],
    ['/keys/%E0%A4%A?api-version=7.6', 400, 'BadParameter'],
  ])('GET %s is a %i', async (path, status, code) => {
    const rig = await startRig()
    await expect(rig.raw('GET', path)).resolves.toMatchObject({ status, body: { error: { code } } })
  })

  test('an empty name is a 405, as recorded', async () => {
    const rig = await startRig()
    await expect(
      rig.raw('POST', '/certificates//create?api-version=2025-07-01', { body: {} }),
    ).resolves.toMatchObject({
      status: 405,
      body: { error: { code: 'MethodNotAllowed', message: 'HTTP POST not allowed' } },
    })
  })
})

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const collected: T[] = []
  for await (const item of items) collected.push(item)
  return collected
}

describe('list', () => {
  test('keys, without their versions, in pages', async () => {
    const rig = await startRig()
    for (let i = 0; i < 30; i++) await rig.keys.createEcKey(`k${String(i).padStart(2, '0')}`)
    const all = await collect(rig.keys.listPropertiesOfKeys())
    expect(all.map(({ name }) => name)).toEqual(
      Array.from({ length: 30 }, (_, i) => `k${String(i).padStart(2, '0')}`),
    )
    expect(all[0]?.version).toBeUndefined()
    const pages = await collect(rig.keys.listPropertiesOfKeys().byPage({ maxPageSize: 7 }))
    expect(pages.map((page) => page.length)).toEqual([7, 7, 7, 7, 2])
  })

  test('the next link has the service’s form, and an item that comes in between shifts nothing', async () => {
    const rig = await startRig()
    for (const name of ['b', 'd', 'f']) await rig.keys.createEcKey(name)
    const first = await rig.raw('GET', '/keys?api-version=2025-07-01&maxresults=2')
    const link = new URL(String(first.body['nextLink']))
    expect(link.pathname).toBe('/keys')
    expect([...link.searchParams.keys()]).toEqual(['api-version', '$skiptoken', 'maxresults'])
    await rig.keys.createEcKey('a')
    const second = await rig.raw('GET', link.pathname + link.search)
    expect(second.body).toMatchObject({ nextLink: null })
    expect((second.body['value'] as { kid: string }[]).map(({ kid }) => kid.slice(-1))).toEqual(['f'])
  })

  test('versions, in no order of time', async () => {
    const rig = await startRig()
    const created: string[] = []
    for (let i = 0; i < 5; i++) created.push((await rig.keys.createEcKey('k')).properties.version ?? '')
    const listed = await collect(rig.keys.listPropertiesOfKeyVersions('k'))
    expect(listed.map(({ version }) => version)).toEqual(created.toSorted())
    await expect(collect(rig.keys.listPropertiesOfKeyVersions('none'))).resolves.toEqual([])
  })

  test.each(['0', '26', 'x'])('maxresults=%s is a 400', async (size) => {
    const rig = await startRig()
    const answer = await rig.raw('GET', `/keys?api-version=7.6&maxresults=${size}`)
    expect(answer.status).toBe(400)
  })
})

describe('update', () => {
  test('attributes, tags and operations of one version', async () => {
    const rig = await startRig()
    const key = await importRsaKey(rig, 'k')
    const expiresOn = new Date(1_900_000_000_000)
    const updated = await rig.keys.updateKeyProperties('k', key.properties.version ?? '', {
      enabled: false,
      expiresOn,
      keyOps: ['sign'],
      tags: { a: 'b' },
    })
    expect(updated.keyOperations).toEqual(['sign'])
    expect(updated.properties).toMatchObject({ enabled: false, expiresOn, tags: { a: 'b' } })
    const kept = await rig.keys.updateKeyProperties('k', {})
    expect(kept.properties).toMatchObject({ enabled: false, expiresOn, tags: { a: 'b' } })
  })
})

describe('backup and restore', () => {
  test('brings back every version', async () => {
    const rig = await startRig()
    const first = await rig.keys.createEcKey('k')
    await rig.keys.createEcKey('k')
    const backup = await rig.keys.backupKey('k')
    const inUse = errorOf(await rejection(rig.keys.restoreKeyBackup(backup ?? new Uint8Array())))
    expect(inUse).toMatchObject({ status: 409, code: 'Conflict' })
    expect(inUse.message).toMatch(
      /^There was a conflict restoring the key '.*\/keys\/k\/[0-9a-f]{32}'\. This can happen/,
    )
    await (await rig.keys.beginDeleteKey('k', { intervalInMs: 10 })).pollUntilDone()
    await rig.keys.purgeDeletedKey('k')
    await expect
      .poll(() => rig.keys.restoreKeyBackup(backup ?? new Uint8Array()).then(({ name }) => name), {
        timeout: 10_000,
      })
      .toBe('k')
    const again = await rig.keys.getKey('k', { version: first.properties.version ?? '' })
    expect(publicKeyOf(again).equals(publicKeyOf(first))).toBe(true)
  })

  test('rubbish is refused as recorded', async () => {
    const rig = await startRig()
    expect(errorOf(await rejection(rig.keys.restoreKeyBackup(new Uint8Array(100))))).toMatchObject({
      status: 400,
      code: 'Malformed backup blob',
      message: 'Backup blob contains invalid or corrupt version.',
    })
  })

  test('of a key that is not there is a 404', async () => {
    const rig = await startRig()
    expect(errorOf(await rejection(rig.keys.backupKey('none')))).toMatchObject({ status: 404 })
  })
})

test('a restore to `keys//restore`, as .NET sends it, and names of types in any case', async () => {
  const rig = await startRig()
  const created = await rig.raw('POST', '/keys/k/create?api-version=7.6', {
    body: { kty: 'ec', crv: 'p-384', key_ops: ['SIGN', 'Verify'] },
  })
  expect(created.body).toMatchObject({ key: { kty: 'EC', crv: 'P-384', key_ops: ['sign', 'verify'] } })
  const backup = await rig.raw('POST', '/keys/k/backup?api-version=7.6')
  await (await rig.keys.beginDeleteKey('k', { intervalInMs: 10 })).pollUntilDone()
  await rig.keys.purgeDeletedKey('k')
  rig.emulator.clock.advance(1000)
  const restored = await rig.raw('POST', '/keys//restore?api-version=7.6', { body: backup.body })
  expect(restored).toMatchObject({ status: 200, body: created.body })
})

describe('rotation', () => {
  test('by hand makes a new version with the policy’s expiry', async () => {
    const rig = await startRig({ now: () => Date.UTC(2026, 3, 21, 19, 7, 7) })
    const key = await rig.keys.createEcKey('k', { curve: 'P-384', tags: { a: 'b' } })
    await rig.keys.updateKeyRotationPolicy('k', {
      lifetimeActions: [{ action: 'Notify', timeBeforeExpiry: 'P30D' }],
      expiresIn: 'P90D',
    })
    const rotated = await rig.keys.rotateKey('k')
    expect(rotated.key?.crv).toBe('P-384')
    expect(rotated.properties.expiresOn?.getTime()).toBe(1784574427_000)
    expect(rotated.properties.tags).toEqual({ a: 'b' })
    expect(rotated.properties.version).not.toBe(key.properties.version)
  })

  test('a policy gets the notification that the service adds', async () => {
    const rig = await startRig()
    await rig.keys.createEcKey('k')
    const { body: unset } = await rig.raw('GET', '/keys/k/rotationpolicy?api-version=7.6')
    expect(unset).toEqual({
      lifetimeActions: [{ trigger: { timeBeforeExpiry: 'P30D' }, action: { type: 'Notify' } }],
      attributes: null,
    })
    const policy = await rig.keys.updateKeyRotationPolicy('k', {
      lifetimeActions: [{ action: 'Rotate', timeAfterCreate: 'P30D' }],
    })
    expect(policy.lifetimeActions).toEqual([
      { action: 'Rotate', timeAfterCreate: 'P30D', timeBeforeExpiry: undefined },
      { action: 'Notify', timeAfterCreate: undefined, timeBeforeExpiry: 'P30D' },
    ])
    expect(await rig.keys.getKeyRotationPolicy('k')).toEqual(policy)
  })

  test('a duration that is none is a 400', async () => {
    const rig = await startRig()
    await rig.keys.createEcKey('k')
    const error = await rejection(rig.keys.updateKeyRotationPolicy('k', { expiresIn: '90 days' }))
    expect(errorOf(error).status).toBe(400)
  })
})

test('two vaults of one emulator know nothing of each other', async () => {
  const rig = await startRig()
  const key: KeyVaultKey = await rig.keys.createEcKey('k')
  expect(key.properties.vaultUrl).toBe(rig.emulator.vaultUrl())
  const { token } = await rig.emulator.credential().getToken('https://vault.azure.net/.default')
  const answer = await rig.emulator.handle({
    method: 'GET',
    url: new URL(`${rig.emulator.vaultUrl('other')}/keys/k?api-version=7.6`),
    headers: { authorization: `Bearer ${token}` },
    body: new Uint8Array(),
  })
  expect(answer.status).toBe(404)
})
