import { createHash, publicEncrypt, constants, randomBytes } from 'node:crypto'
import type { CreateKeyOptions } from '@azure/keyvault-keys'
import { describe, expect, test } from 'vitest'
import { createAttestationAuthority } from '../support/attestation-authority.ts'
import { publicKeyOf } from '../support/rig.ts'
import { all, aborted, newName, quick, sharedClients } from './shared-clients.ts'

// What the test files of @azure/keyvault-keys expect of the service, one behaviour a test, in words of our own. Left out:
// tracing, what the client does without the service, and the public exponent, which client 4.10.2 does not send.

const authority = createAttestationAuthority()
const clients = sharedClients({ attestationAuthorities: authority.option })
const timedOut = { requestOptions: { timeout: 1 } }
const notFound = { statusCode: 404, code: 'KeyNotFound' }

/** Makes a key and waits until it is deleted. */
async function deletedKey(): Promise<string> {
  const name = newName()
  await clients.keys.createKey(name, 'EC')
  await (await clients.keys.beginDeleteKey(name, quick)).pollUntilDone()
  return name
}

describe('keyClient.spec: create', () => {
  test.each(['RSA', 'EC'] as const)('a key of a given type: %s', async (type) => {
    const name = newName()
    expect(await clients.keys.createKey(name, type)).toMatchObject({ name, keyType: type })
  })
  test('a creation can be aborted', async () => {
    await expect(clients.keys.createKey(newName(), 'EC', aborted())).rejects.toThrow(/aborted/)
  })
  test('a name cannot be empty', async () => {
    await expect(clients.keys.createKey('', 'EC')).rejects.toThrow(/not allowed/)
  })
  test('an RSA key', async () => {
    expect((await clients.keys.createRsaKey(newName())).keyType).toBe('RSA')
  })
  test('an RSA key of a size', async () => {
    const key = await clients.keys.createRsaKey(newName(), { keySize: 2048 })
    expect(key.key?.n).toHaveLength(256)
  })
  test('an EC key', async () => {
    expect((await clients.keys.createEcKey(newName())).keyType).toBe('EC')
  })
  test.each(['P-256', 'P-256K', 'P-384', 'P-521'])('an EC key on a curve: %s', async (curve) => {
    expect((await clients.keys.createEcKey(newName(), { curve })).key?.crv).toBe(curve)
  })
  test.each<[string, CreateKeyOptions]>([
    ['disabled', { enabled: false }],
    ['not before a time', { notBefore: new Date('2020-01-01T00:00:00Z') }],
    ['with an expiry', { expiresOn: new Date('2035-01-01T00:00:00Z') }],
  ])('a key that is %s', async (_, options) => {
    expect((await clients.keys.createEcKey(newName(), options)).properties).toMatchObject(options)
  })
})

describe('keyClient.spec: update', () => {
  test('expiry and operations', async () => {
    const { name, properties } = await clients.keys.createRsaKey(newName())
    const expiresOn = new Date('2035-01-01T00:00:00Z')
    const version = properties.version ?? ''
    const updated = await clients.keys.updateKeyProperties(name, version, { expiresOn, keyOps: ['sign'] })
    expect(updated.properties.expiresOn).toEqual(expiresOn)
    expect(updated.keyOperations).toEqual(['sign'])
  })
  test('the current version, when none is named', async () => {
    const { name } = await clients.keys.createEcKey(newName())
    const newer = await clients.keys.createEcKey(name)
    const updated = await clients.keys.updateKeyProperties(name, { tags: { a: 'b' } })
    expect(updated.properties).toMatchObject({ version: newer.properties.version, tags: { a: 'b' } })
  })
  test('one version, when it is named', async () => {
    const { name, properties } = await clients.keys.createEcKey(newName())
    await clients.keys.createEcKey(name)
    const updated = await clients.keys.updateKeyProperties(name, properties.version ?? '', {
      tags: { a: 'b' },
    })
    expect(updated.properties.version).toBe(properties.version)
    expect((await clients.keys.getKey(name)).properties.tags).toBeUndefined()
  })
  test('a disabled key is enabled again', async () => {
    const { name, properties } = await clients.keys.createEcKey(newName(), { enabled: false })
    const updated = await clients.keys.updateKeyProperties(name, properties.version ?? '', { enabled: true })
    expect(updated.properties.enabled).toBe(true)
  })
})

describe('keyClient.spec: get, delete and purge', () => {
  test('a key, and one version of it', async () => {
    const { name, properties } = await clients.keys.createEcKey(newName())
    expect((await clients.keys.getKey(name)).name).toBe(name)
    const { version } = properties
    expect((await clients.keys.getKey(name, { version: version ?? '' })).properties.version).toBe(version)
  })
  test('a deleted key is found no more', async () => {
    await expect(clients.keys.getKey(await deletedKey())).rejects.toMatchObject(notFound)
  })
  test('a key that does not exist is not deleted', async () => {
    await expect(clients.keys.beginDeleteKey(newName())).rejects.toMatchObject(notFound)
  })
  test('a deleted key is read from the poller and from the list of deleted keys', async () => {
    const name = newName()
    await clients.keys.createEcKey(name)
    const poller = await clients.keys.beginDeleteKey(name, quick)
    expect(poller.getResult()?.name).toBe(name)
    await poller.pollUntilDone()
    expect((await clients.keys.getDeletedKey(name)).properties.recoveryId).toContain(name)
  })
  test('a deleted key that does not exist is not found', async () => {
    await expect(clients.keys.getDeletedKey(newName())).rejects.toMatchObject(notFound)
  })
  test('a purged key is found no more', async () => {
    const name = await deletedKey()
    await clients.keys.purgeDeletedKey(name)
    await expect(clients.keys.getDeletedKey(name)).rejects.toMatchObject(notFound)
  })
})

describe('keyClient.spec: rotation', () => {
  test('by hand makes another version', async () => {
    const key = await clients.keys.createEcKey(newName())
    const rotated = await clients.keys.rotateKey(key.name)
    expect(rotated.properties.version).not.toBe(key.properties.version)
    expect(rotated.key?.x).not.toEqual(key.key?.x)
  })
  test('a policy is made, read, and replaced', async () => {
    const { name } = await clients.keys.createEcKey(newName())
    const lifetimeActions = [{ action: 'Rotate' as const, timeBeforeExpiry: 'P30D' }]
    const set = await clients.keys.updateKeyRotationPolicy(name, { expiresIn: 'P90D', lifetimeActions })
    expect(set).toMatchObject({ expiresIn: 'P90D' })
    expect(await clients.keys.getKeyRotationPolicy(name)).toEqual(set)
    const later = [{ action: 'Rotate' as const, timeAfterCreate: 'P60D' }]
    const replaced = await clients.keys.updateKeyRotationPolicy(name, { lifetimeActions: later })
    expect(replaced.lifetimeActions).toContainEqual(expect.objectContaining({ timeAfterCreate: 'P60D' }))
  })
  test('a key that does not exist has no policy', async () => {
    await expect(clients.keys.getKeyRotationPolicy(newName())).rejects.toMatchObject(notFound)
  })
})

describe('keyClient.spec: release policies', () => {
  const encodedPolicy = Buffer.from(authority.policy, 'base64url')
  test('an exportable key has one, and is released', async () => {
    const options = { exportable: true, releasePolicy: { encodedPolicy } }
    const { name, properties } = await clients.keys.createKey(newName(), 'RSA-HSM', options)
    expect(properties).toMatchObject({ exportable: true })
    const { value } = await clients.keys.releaseKey(name, authority.attest({ 'sdk-test': true }))
    expect(value.split('.')).toHaveLength(3)
  })
  test('an exportable key needs one', async () => {
    await expect(clients.keys.createRsaKey(newName(), { exportable: true })).rejects.toThrow(/exportable/i)
  })
  test('another key must have none', async () => {
    const creation = clients.keys.createRsaKey(newName(), { releasePolicy: { encodedPolicy } })
    await expect(creation).rejects.toThrow(/exportable/i)
  })
  test('an immutable one is not changed', async () => {
    const releasePolicy = { encodedPolicy, immutable: true }
    const { name } = await clients.keys.createRsaKey(newName(), { exportable: true, releasePolicy })
    const update = clients.keys.updateKeyProperties(name, { releasePolicy: { encodedPolicy } })
    await expect(update).rejects.toThrow(/immutable/i)
  })
})

describe('import.spec', () => {
  test('a key is imported', async () => {
    const { privateKey } = await import('node:crypto').then((crypto) =>
      crypto.generateKeyPairSync('rsa', { modulusLength: 2048 }),
    )
    const jwk = privateKey.export({ format: 'jwk' })
    const members = Object.fromEntries(
      Object.entries(jwk).map(([name, value]) => [
        name,
        name === 'kty' ? value : Buffer.from(String(value), 'base64url'),
      ]),
    )
    const imported = await clients.keys.importKey(newName(), { ...members, kty: 'RSA' })
    expect(Buffer.from(imported.key?.n ?? []).toString('base64url')).toBe(jwk.n)
  })
})

describe('list.spec', () => {
  test('every deleted key can be purged', async () => {
    await deletedKey()
    for (const { name } of await all(clients.keys.listDeletedKeys())) await clients.keys.purgeDeletedKey(name)
    expect(await all(clients.keys.listDeletedKeys())).toEqual([])
  })
  test('the versions of a key, whole and in pages', async () => {
    const name = newName()
    for (let version = 0; version < 3; version++) await clients.keys.createEcKey(name)
    expect(await all(clients.keys.listPropertiesOfKeyVersions(name))).toHaveLength(3)
    const pages = await all(clients.keys.listPropertiesOfKeyVersions(name).byPage({ maxPageSize: 1 }))
    expect(pages.map((page) => page.length)).toEqual([1, 1, 1])
  })
  test('a key that does not exist has no versions, whole and in pages', async () => {
    expect(await all(clients.keys.listPropertiesOfKeyVersions(newName()))).toEqual([])
    const pages = await all(clients.keys.listPropertiesOfKeyVersions(newName()).byPage({ maxPageSize: 1 }))
    expect(pages.flat()).toEqual([])
  })
  test('the keys, whole and in pages', async () => {
    const names = [newName(), newName()]
    for (const name of names) await clients.keys.createEcKey(name)
    const listed = (await all(clients.keys.listPropertiesOfKeys())).map(({ name }) => name)
    expect(listed).toEqual(expect.arrayContaining(names))
    const pages = await all(clients.keys.listPropertiesOfKeys().byPage({ maxPageSize: 1 }))
    expect(pages.flat().map(({ name }) => name)).toEqual(listed)
  })
  test('the deleted keys, whole and in pages', async () => {
    const names = [await deletedKey(), await deletedKey()]
    const listed = (await all(clients.keys.listDeletedKeys())).map(({ name }) => name)
    expect(listed).toEqual(expect.arrayContaining(names))
    const pages = await all(clients.keys.listDeletedKeys().byPage({ maxPageSize: 1 }))
    expect(pages.flat().map(({ name }) => name)).toEqual(listed)
  })
})

describe('lro.delete.spec and lro.recoverDelete.spec', () => {
  test('a poller waits until a key is deleted, also after it was stopped', async () => {
    const { name } = await clients.keys.createEcKey(newName())
    const poller = await clients.keys.beginDeleteKey(name, quick)
    expect(poller.getOperationState().isStarted).toBe(true)
    const resumeFrom = poller.toString()
    const resumed = await clients.keys.beginDeleteKey(name, { resumeFrom, ...quick })
    expect((await resumed.pollUntilDone()).name).toBe(name)
    expect(resumed.getOperationState().isCompleted).toBe(true)
  })
  test('a poller waits until a key is recovered, also after it was stopped', async () => {
    const name = await deletedKey()
    const poller = await clients.keys.beginRecoverDeletedKey(name, quick)
    const resumed = await clients.keys.beginRecoverDeletedKey(name, {
      resumeFrom: poller.toString(),
      ...quick,
    })
    expect((await resumed.pollUntilDone()).name).toBe(name)
    expect((await clients.keys.getKey(name)).name).toBe(name)
  })
})

describe('recoverBackupRestore.spec', () => {
  test('a key that does not exist is neither recovered nor backed up', async () => {
    await expect(clients.keys.beginRecoverDeletedKey(newName())).rejects.toMatchObject(notFound)
    await expect(clients.keys.backupKey(newName())).rejects.toMatchObject(notFound)
  })
  test('a backup is restored once the key is purged', async () => {
    const { name, id } = await clients.keys.createEcKey(newName())
    const backup = await clients.keys.backupKey(name)
    await (await clients.keys.beginDeleteKey(name, quick)).pollUntilDone()
    await clients.keys.purgeDeletedKey(name)
    clients.emulator.clock.advance(1000)
    expect((await clients.keys.restoreKeyBackup(backup ?? new Uint8Array())).id).toBe(id)
  })
  test('a malformed backup is refused', async () => {
    await expect(clients.keys.restoreKeyBackup(Buffer.from('malformed'))).rejects.toMatchObject({
      statusCode: 400,
    })
  })
})

describe('requests that time out or are aborted', () => {
  test.each<[string, () => Promise<unknown>]>([
    ['create', () => clients.keys.createKey(newName(), 'RSA', timedOut)],
    ['createRsaKey', () => clients.keys.createRsaKey(newName(), timedOut)],
    ['createEcKey', () => clients.keys.createEcKey(newName(), timedOut)],
    ['update', () => clients.keys.updateKeyProperties(newName(), { ...timedOut })],
    ['delete', () => clients.keys.beginDeleteKey(newName(), timedOut)],
    ['get', () => clients.keys.getKey(newName(), timedOut)],
    ['list', () => clients.keys.listPropertiesOfKeys(timedOut).next()],
    ['list versions', () => clients.keys.listPropertiesOfKeyVersions(newName(), timedOut).next()],
    ['list deleted', () => clients.keys.listDeletedKeys(timedOut).next()],
    ['recover', () => clients.keys.beginRecoverDeletedKey(newName(), timedOut)],
    ['backup', () => clients.keys.backupKey(newName(), timedOut)],
    ['restore', () => clients.keys.restoreKeyBackup(Buffer.of(1), timedOut)],
  ])('%s', async (_, call) => {
    clients.emulator.faults.add({ operation: '*', fault: { type: 'hang' } })
    await expect(call()).rejects.toThrow(/abort/i)
    clients.emulator.faults.clear()
  })
})

describe('crypto.spec', () => {
  const text = Buffer.from('to be encrypted')
  const digests = { RS256: 'sha256', RS384: 'sha384' } as const

  for (const kty of ['RSA', 'RSA-HSM'] as const) {
    test.each(['RSA1_5', 'RSA-OAEP'] as const)(
      `${kty}: encrypt and decrypt, wrap and unwrap with %s`,
      async (algorithm) => {
        const client = clients.cryptography(await clients.keys.createKey(newName(), kty))
        const encrypted = await client.encrypt({ algorithm, plaintext: text })
        const { result } = await client.decrypt({ algorithm, ciphertext: encrypted.result })
        expect(Buffer.from(result)).toEqual(text)
        const secret = randomBytes(32)
        const wrapped = await client.wrapKey(algorithm, secret)
        expect(Buffer.from((await client.unwrapKey(algorithm, wrapped.result)).result)).toEqual(secret)
      },
    )
    test.each(['RS256', 'RS384'] as const)(`${kty}: sign and verify with %s`, async (algorithm) => {
      const client = clients.cryptography(await clients.keys.createKey(newName(), kty))
      const digest = createHash(digests[algorithm]).update(text).digest()
      const { result } = await client.sign(algorithm, digest)
      expect((await client.verify(algorithm, digest, result)).result).toBe(true)
      const signed = await client.signData(algorithm, text)
      expect((await client.verifyData(algorithm, text, signed.result)).result).toBe(true)
    })
  }
  test.each([
    ['RSA1_5', constants.RSA_PKCS1_PADDING],
    ['RSA-OAEP', constants.RSA_PKCS1_OAEP_PADDING],
  ] as const)('what was encrypted elsewhere with %s is decrypted', async (algorithm, padding) => {
    const key = await clients.keys.createRsaKey(newName())
    const ciphertext = publicEncrypt({ key: publicKeyOf(key), padding }, text)
    const { result } = await clients.cryptography(key).decrypt({ algorithm, ciphertext })
    expect(Buffer.from(result)).toEqual(text)
  })
  test('a client is made from a whole key', async () => {
    const key = await clients.keys.createRsaKey(newName())
    expect(clients.cryptography(key).keyID).toBe(key.id)
  })
  test.each([
    ['P-256', 'ES256', 'sha256'],
    ['P-256K', 'ES256K', 'sha256'],
    ['P-384', 'ES384', 'sha384'],
    ['P-521', 'ES512', 'sha512'],
  ] as const)('EC %s: sign and verify with %s', async (curve, algorithm, hash) => {
    const client = clients.cryptography(await clients.keys.createEcKey(newName(), { curve }))
    const digest = createHash(hash).update(text).digest()
    const { result } = await client.sign(algorithm, digest)
    expect((await client.verify(algorithm, digest, result)).result).toBe(true)
    const signed = await client.signData(algorithm, text)
    expect((await client.verifyData(algorithm, text, signed.result)).result).toBe(true)
  })
})
