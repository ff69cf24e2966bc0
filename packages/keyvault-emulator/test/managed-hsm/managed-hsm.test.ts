import { createHmac, createSecretKey } from 'node:crypto'
import { CryptographyClient, KeyClient } from '@azure/keyvault-keys'
import { startKeyVaultEmulator, type RunningKeyVaultEmulator } from '@sealwright/keyvault-emulator'
import { rejection } from '@sealwright/test-kit/errors'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { CompactEncrypt, base64url } from 'jose'
import { errorOf, isValidSignature, publicKeyOf } from '../support/rig.ts'

let emulator: RunningKeyVaultEmulator
let keys: KeyClient

beforeAll(async () => {
  emulator = await startKeyVaultEmulator()
  keys = new KeyClient(emulator.managedHsmUrl(), emulator.credential(), { agent: emulator.agent() })
})

afterAll(() => emulator.close())

function cryptography(id: string | undefined): CryptographyClient {
  return new CryptographyClient(id ?? '', emulator.credential(), { agent: emulator.agent() })
}

async function raw(
  method: string,
  path: string,
  body?: unknown,
  identity = emulator.identities[0],
): Promise<{ status: number; headers: Record<string, string>; text: string }> {
  const { token } = await emulator.credential(identity).getToken('https://managedhsm.azure.net/.default')
  const response = await emulator.handle({
    method,
    url: new URL(`https://emulator.managedhsm.azure.net${path}?api-version=2025-07-01`),
    headers: identity === undefined ? {} : { authorization: `Bearer ${token}` },
    body: body === undefined ? new Uint8Array() : Buffer.from(JSON.stringify(body)),
  })
  return { ...response, text: Buffer.from(response.body ?? []).toString() }
}

describe('keys of a managed HSM', () => {
  test('are in hardware, whatever type is asked for', async () => {
    const rsa = await keys.createRsaKey('rsa')
    const ec = await keys.createEcKey('ec')
    const oct = await keys.createOctKey('oct', { hsm: true })
    const aes = await keys.createKey('aes', 'AES', { keySize: 256 })
    expect([rsa, ec, oct, aes].map(({ keyType }) => keyType)).toEqual([
      'RSA-HSM',
      'EC-HSM',
      'oct-HSM',
      'oct-HSM',
    ])
    expect(oct.key?.k).toBeUndefined()
    expect(oct.id).toMatch(/^https:\/\/emulator\.managedhsm\.azure\.net:\d+\/keys\/oct\/[0-9a-f]{32}$/)
  })

  test('sign with RSA and EC', async () => {
    for (const [key, algorithm] of [
      [await keys.createKey('signing-rsa', 'RSA'), 'PS256'],
      [await keys.createEcKey('signing-ec', { curve: 'P-384' }), 'ES384'],
    ] as const) {
      const message = Buffer.from('to be signed')
      const { result } = await cryptography(key.id).signData(algorithm, message)
      expect(isValidSignature(algorithm, publicKeyOf(key), message, result)).toBe(true)
    }
  })

  test.each(['A128GCM', 'A192GCM', 'A256GCM'] as const)('encrypt and decrypt with %s', async (algorithm) => {
    const key = await keys.createOctKey('gcm', { hsm: true, keySize: Number(algorithm.slice(1, 4)) })
    const client = cryptography(key.id)
    const additionalAuthenticatedData = Buffer.from('header')
    const sealed = await client.encrypt({
      algorithm,
      plaintext: Buffer.from('secret'),
      additionalAuthenticatedData,
    })
    const { result: ciphertext, iv = new Uint8Array(), authenticationTag = new Uint8Array() } = sealed
    const opening = { algorithm, ciphertext, iv, authenticationTag, additionalAuthenticatedData }
    expect(Buffer.from((await client.decrypt(opening)).result).toString()).toBe('secret')
    const altered = { ...opening, additionalAuthenticatedData: Buffer.from('other') }
    expect(errorOf(await rejection(client.decrypt(altered)))).toMatchObject({
      status: 400,
      code: 'BadParameter',
    })
  })

  test('encrypt with CBC, padded and not', async () => {
    const key = await keys.createOctKey('cbc', { hsm: true })
    const client = cryptography(key.id)
    const iv = Buffer.alloc(16, 1)
    for (const [algorithm, plaintext] of [
      ['A256CBCPAD', Buffer.from('any length')],
      ['A256CBC', Buffer.alloc(32, 2)],
    ] as const) {
      const { result: ciphertext } = await client.encrypt({ algorithm, plaintext, iv })
      expect(Buffer.from((await client.decrypt({ algorithm, ciphertext, iv })).result)).toEqual(plaintext)
    }
    const uneven = client.encrypt({ algorithm: 'A256CBC', plaintext: Buffer.alloc(5), iv })
    expect(errorOf(await rejection(uneven))).toMatchObject({ status: 400 })
  })

  test('an imported oct key wraps as RFC 3394 says and authenticates as HMAC does', async () => {
    const k = Buffer.from('000102030405060708090A0B0C0D0E0F', 'hex')
    const key = await keys.importKey('kek', {
      kty: 'oct',
      k,
      keyOps: ['wrapKey', 'unwrapKey', 'sign', 'verify'],
    })
    const client = cryptography(key.id)
    const data = Buffer.from('00112233445566778899AABBCCDDEEFF', 'hex')
    // The vector of RFC 3394 §4.1.
    const { result } = await client.wrapKey('A128KW', data)
    expect(Buffer.from(result).toString('hex').toUpperCase()).toBe(
      '1FA68B0A8112B447AEF34BD8FB5A7B829D3E862371D2CFE5',
    )
    expect(Buffer.from((await client.unwrapKey('A128KW', result)).result)).toEqual(data)
    const path = '/keys/kek/sign'
    const signed = await raw('POST', path, { alg: 'HS256', value: base64url.encode(data) })
    const { value } = JSON.parse(signed.text) as { value: string }
    expect(value).toBe(createHmac('sha256', createSecretKey(k)).update(data).digest('base64url'))
    const verification = { alg: 'HS256', digest: base64url.encode(data), value }
    expect(JSON.parse((await raw('POST', '/keys/kek/verify', verification)).text)).toEqual({ value: true })
  })

  test('unwrap the content key of a JWE that jose made', async () => {
    const k = Buffer.alloc(32, 9)
    const key = await keys.importKey('jwe', { kty: 'oct', k })
    const jwe = await new CompactEncrypt(Buffer.from('hello'))
      .setProtectedHeader({ alg: 'A256KW', enc: 'A128GCM' })
      .encrypt(k)
    const [header = '', wrapped = '', iv = '', ciphertext = '', tag = ''] = jwe.split('.')
    const { result } = await cryptography(key.id).unwrapKey('A256KW', base64url.decode(wrapped))
    const content = await keys.importKey('cek', { kty: 'oct', k: result })
    const opened = await cryptography(content.id).decrypt({
      algorithm: 'A128GCM',
      ciphertext: base64url.decode(ciphertext),
      iv: base64url.decode(iv),
      authenticationTag: base64url.decode(tag),
      additionalAuthenticatedData: Buffer.from(header),
    })
    expect(Buffer.from(opened.result).toString()).toBe('hello')
  })

  test('are deleted, recovered and purged at once', async () => {
    await keys.createEcKey('gone')
    await keys.beginDeleteKey('gone')
    expect((await keys.getDeletedKey('gone')).name).toBe('gone')
    await keys.beginRecoverDeletedKey('gone')
    expect((await keys.getKey('gone')).name).toBe('gone')
    await keys.beginDeleteKey('gone')
    await keys.purgeDeletedKey('gone')
    await expect(keys.createEcKey('gone')).resolves.toBeDefined()
  })

  test('are not those of the vault of the same name, which has no oct keys', async () => {
    const vault = new KeyClient(emulator.vaultUrl(), emulator.credential(), { agent: emulator.agent() })
    await keys.createEcKey('only-here')
    expect(errorOf(await rejection(vault.getKey('only-here')))).toMatchObject({ status: 404 })
    expect(errorOf(await rejection(vault.createOctKey('oct', { hsm: true })))).toMatchObject({ status: 400 })
  })
})

test('random bytes: as many as asked for, 1 to 128', async () => {
  expect(await keys.getRandomBytes(10)).toHaveLength(10)
  for (const count of [-1, 0, 129])
    await expect(keys.getRandomBytes(count)).rejects.toThrow(/between 1 and 128/)
})

describe('the form of the answers', () => {
  test('members are sorted, a key tells no platform', async () => {
    const { text } = await raw('POST', '/keys/sorted/create', { kty: 'oct' })
    const body = JSON.parse(text) as { attributes: object; key: object }
    expect(Object.keys(body)).toEqual(['attributes', 'key'])
    expect(Object.keys(body.attributes)).toEqual([
      'created',
      'enabled',
      'exportable',
      'key_size',
      'recoverableDays',
      'recoveryLevel',
      'updated',
    ])
    expect(Object.keys(body.key)).toEqual(['key_ops', 'kid', 'kty'])
  })

  test('without a token: 401 without a body', async () => {
    const response = await emulator.handle({
      method: 'GET',
      url: new URL('https://emulator.managedhsm.azure.net/keys?api-version=7.4'),
      headers: {},
      body: new Uint8Array(),
    })
    expect(response.status).toBe(401)
    expect(response.body).toHaveLength(0)
    expect(response.headers['www-authenticate']).toContain('resource="https://managedhsm.azure.net"')
  })

  test('a missing key, a path of vaults only', async () => {
    const missing = await raw('GET', '/keys/missing')
    expect(JSON.parse(missing.text)).toEqual({
      error: {
        code: 'KeyNotFound',
        message: expect.stringMatching(
          /^Key not found: https:\/\/emulator\.managedhsm\.azure\.net\/keys\/missing \(Activity ID: [0-9a-f-]{36}\)$/,
        ) as string,
      },
    })
    expect((await raw('GET', '/secrets')).status).toBe(404)
    const unreleasable = { kty: 'RSA', attributes: { exportable: true } }
    const { text } = await raw('POST', '/keys/e/create', unreleasable)
    expect(text).toMatch(/"Exportable keys must have release policy \(Activity ID/)
  })
})
