import { createHash, generateKeyPairSync, randomBytes } from 'node:crypto'
import { rejection } from '@sealwright/test-kit/errors'
import { describe, expect, test } from 'vitest'
import { materialOf } from '../../src/keys/material.ts'
import { signDigest } from '../../src/keys/signature.ts'
import {
  digestOf,
  errorOf,
  importRsaKey,
  isValidSignature,
  publicKeyOf,
  startRig,
  type Rig,
} from '../support/rig.ts'

const rsaAlgorithms = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512']
const ecAlgorithms: Readonly<Record<string, [string, number]>> = {
  ES256: ['P-256', 64],
  ES384: ['P-384', 96],
  ES512: ['P-521', 132],
  ES256K: ['P-256K', 64],
}

describe('every signature is one that Node verifies', () => {
  test.each(['RSA', 'RSA-HSM'] as const)('%s keys', async (kty) => {
    const rig = await startRig()
    const key = await importRsaKey(rig, 'k', { kty })
    const client = rig.cryptography(key)
    for (const algorithm of rsaAlgorithms) {
      const message = randomBytes(80)
      const digest = createHash(digestOf(algorithm)).update(message).digest()
      const { result, keyID } = await client.sign(algorithm, digest)
      expect(keyID).toBe(key.id)
      expect(isValidSignature(algorithm, publicKeyOf(key), message, result), algorithm).toBe(true)
      expect((await client.verify(algorithm, digest, result)).result, algorithm).toBe(true)
      const other = createHash(digestOf(algorithm)).update('other').digest()
      expect((await client.verify(algorithm, other, result)).result, algorithm).toBe(false)
    }
  })

  // Without clients and TLS, which would take the time of this test.
  test('RSA, many times: leading zeros are kept', () => {
    const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
    const material = materialOf('RSA', privateKey)
    for (let i = 0; i < 300; i++) {
      const message = randomBytes(40)
      const digest = createHash('sha256').update(message).digest()
      const signature = signDigest(material, 'PS256', digest, 'k')
      expect(signature).toHaveLength(256)
      expect(isValidSignature('PS256', publicKey, message, signature)).toBe(true)
    }
  })

  test('RSA of 3072 bits', async () => {
    const rig = await startRig()
    const key = await rig.keys.createRsaKey('k', { keySize: 3072 })
    const message = randomBytes(40)
    const { result } = await rig.cryptography(key).signData('PS512', message)
    expect(isValidSignature('PS512', publicKeyOf(key), message, result)).toBe(true)
  })

  test.each(Object.entries(ecAlgorithms))(
    '%s, many times: R and S keep their length',
    async (algorithm, [curve, length]) => {
      const rig = await startRig()
      const key = await rig.keys.createEcKey('k', { curve })
      const client = rig.cryptography(key)
      for (let i = 0; i < 40; i++) {
        const message = randomBytes(40)
        const digest = createHash(digestOf(algorithm)).update(message).digest()
        const { result } = await client.sign(algorithm, digest)
        expect(result).toHaveLength(length)
        expect(isValidSignature(algorithm, publicKeyOf(key), message, result)).toBe(true)
      }
      const digest = createHash(digestOf(algorithm)).update('last').digest()
      const { result } = await client.sign(algorithm, digest)
      expect((await client.verify(algorithm, digest, result)).result).toBe(true)
    },
  )
})

describe('versions', () => {
  test('an id without a version signs with the current one, and the answer says which', async () => {
    const rig = await startRig()
    const first = await rig.keys.createEcKey('k')
    const second = await rig.keys.createEcKey('k')
    const body = { alg: 'ES256', value: randomBytes(32).toString('base64url') }
    const current = await rig.raw('POST', '/keys/k//sign?api-version=2025-07-01', { body })
    expect(current.body['kid']).toBe(second.id)
    const path = `/keys/k/${first.properties.version}/sign?api-version=2025-07-01`
    expect((await rig.raw('POST', path, { body })).body['kid']).toBe(first.id)
  })
})

describe('what does not fit is refused', () => {
  test.each([
    ['RS256', 10, "Invalid length of 'value': 10 bytes. RS256 requires 32 bytes, encoded with base64url."],
    ['PS512', 32, "Invalid length of 'value': 32 bytes. PS512 requires 64 bytes, encoded with base64url."],
    ['ES256', 32, /Key and signing algorithm are incompatible/],
    ['EdDSA', 32, /Invalid algorithm specified/],
    ['ML-DSA-44', 32, /Invalid algorithm specified/],
    ['constructor', 32, /Invalid algorithm specified/],
  ])('RSA with %s over %i bytes', async (alg, length, message) => {
    const rig = await startRig()
    await importRsaKey(rig, 'k')
    const body = { alg, value: randomBytes(length).toString('base64url') }
    const answer = await rig.raw('POST', '/keys/k//sign?api-version=7.6', { body })
    expect(answer.status).toBe(400)
    const error = answer.body['error'] as { code: string; message: string }
    expect(error.code).toBe('BadParameter')
    expect(error.message).toMatch(message)
  })

  test.each(['RS256', 'ES384'])('P-256 with %s', async (alg) => {
    const rig = await startRig()
    await rig.keys.createEcKey('k')
    const length = alg === 'RS256' ? 32 : 48
    const body = { alg, value: randomBytes(length).toString('base64url') }
    await expect(rig.raw('POST', '/keys/k//sign?api-version=7.6', { body })).resolves.toMatchObject({
      status: 400,
    })
  })

  test.each([{}, { alg: 'ES256' }, { alg: 'ES256', value: '+/' }, { alg: 1, value: 'AA' }])(
    '%j',
    async (body) => {
      const rig = await startRig()
      await rig.keys.createEcKey('k')
      await expect(rig.raw('POST', '/keys/k//sign?api-version=7.6', { body })).resolves.toMatchObject({
        status: 400,
      })
    },
  )

  test('signing with a key that is for verifying', async () => {
    const rig = await startRig()
    const key = await rig.keys.createEcKey('k', { keyOps: ['verify'] })
    // Versionless and unread, for the client itself would refuse.
    const body = { alg: 'ES256', value: randomBytes(32).toString('base64url') }
    const answer = await rig.raw('POST', '/keys/k//sign?api-version=7.6', { body })
    expect(answer).toMatchObject({
      status: 403,
      body: { error: { code: 'Forbidden', innererror: { code: 'KeyOperationForbidden' } } },
    })
    expect(key.keyOperations).toEqual(['verify'])
  })
})

/** The status of a request, with the inner code when it is refused. */
async function call(rig: Rig, action: string, body: object): Promise<unknown> {
  const { status, body: answer } = await rig.raw('POST', `/keys/k//${action}?api-version=7.6`, { body })
  const { error } = answer as { error?: { innererror?: { code: string } } }
  return error === undefined ? status : `${status} ${error.innererror?.code}`
}

async function outcomes(rig: Rig): Promise<Record<string, unknown>> {
  const digest = Buffer.alloc(32).toString('base64url')
  const encrypted = await rig.raw('POST', '/keys/open//encrypt?api-version=7.6', {
    body: { alg: 'RSA-OAEP', value: digest },
  })
  return {
    sign: await call(rig, 'sign', { alg: 'RS256', value: digest }),
    verify: await call(rig, 'verify', { alg: 'RS256', digest, value: digest }),
    encrypt: await call(rig, 'encrypt', { alg: 'RSA-OAEP', value: digest }),
    wrapKey: await call(rig, 'wrapkey', { alg: 'RSA-OAEP', value: digest }),
    decrypt: await call(rig, 'decrypt', { alg: 'RSA-OAEP', value: encrypted.body['value'] }),
  }
}

describe('a key that may not be used', () => {
  test('disabled: only verify is allowed', async () => {
    const rig = await startRig()
    await importRsaKey(rig, 'k', { attributes: { enabled: false } })
    await importRsaKey(rig, 'open')
    expect(await outcomes(rig)).toEqual({
      sign: '403 KeyDisabled',
      verify: 200,
      encrypt: '403 KeyDisabled',
      wrapKey: '403 KeyDisabled',
      decrypt: '403 KeyDisabled',
    })
    const error = errorOf(
      await rejection(rig.cryptography(`${rig.emulator.vaultUrl()}/keys/k`).sign('RS256', Buffer.alloc(32))),
    )
    expect(error.message).toBe('Operation sign is not allowed on a disabled key.')
    await expect(rig.keys.getKey('k')).resolves.toMatchObject({ properties: { enabled: false } })
  })

  test.each([
    ['not yet valid', { nbf: 4_000_000_000 }, 'KeyNotYetValid'],
    ['expired', { exp: 1_000_000_000 }, 'KeyExpired'],
  ])('%s: what was made before stays usable', async (_name, attributes, inner) => {
    const rig = await startRig()
    await importRsaKey(rig, 'k', { attributes })
    await importRsaKey(rig, 'open')
    expect(await outcomes(rig)).toEqual({
      sign: `403 ${inner}`,
      verify: 200,
      encrypt: `403 ${inner}`,
      wrapKey: `403 ${inner}`,
      decrypt: 200,
    })
  })
})

describe('encryption', () => {
  test.each(['RSA1_5', 'RSA-OAEP', 'RSA-OAEP-256'] as const)(
    '%s there and back, both ways',
    async (algorithm) => {
      const rig = await startRig()
      const key = await importRsaKey(rig, 'k')
      const plaintext = randomBytes(32)
      const path = `/keys/k/${key.properties.version}`
      const alg = algorithm
      for (const [forth, back] of [
        ['encrypt', 'decrypt'],
        ['wrapkey', 'unwrapkey'],
      ]) {
        const there = await rig.raw('POST', `${path}/${forth}?api-version=7.6`, {
          body: { alg, value: plaintext.toString('base64url') },
        })
        const again = await rig.raw('POST', `${path}/${back}?api-version=7.6`, {
          body: { alg, value: there.body['value'] },
        })
        expect(again.body['value']).toBe(plaintext.toString('base64url'))
      }
      // The client encrypts locally and has the vault decrypt.
      const client = rig.cryptography(key)
      const { result } = await client.encrypt({ algorithm, plaintext })
      const decrypted = await client.decrypt({ algorithm, ciphertext: result })
      expect(Buffer.from(decrypted.result)).toEqual(plaintext)
      const wrapped = await client.wrapKey(algorithm, plaintext)
      expect(Buffer.from((await client.unwrapKey(algorithm, wrapped.result)).result)).toEqual(plaintext)
    },
  )

  test.each([
    ['A256GCM', 'k', 32],
    ['RSA-OAEP', 'e', 32],
    ['RSA-OAEP', 'k', 300],
  ])('%s with %s and %i bytes is a 400', async (alg, name, length) => {
    const rig = await startRig()
    await importRsaKey(rig, 'k')
    await rig.keys.createEcKey('e', { keyOps: ['sign'] })
    const answer = await rig.raw('POST', `/keys/${name}//encrypt?api-version=7.6`, {
      body: { alg, value: Buffer.alloc(length, 1).toString('base64url') },
    })
    expect([400, 403]).toContain(answer.status)
  })
})

test('what a software vault has not is refused', async () => {
  const rig = await startRig()
  await rig.keys.createEcKey('k')
  expect(errorOf(await rejection(rig.keys.releaseKey('k', 'token')))).toMatchObject({ status: 403 })
  expect(errorOf(await rejection(rig.keys.getKeyAttestation('k')))).toMatchObject({ status: 400 })
  expect(errorOf(await rejection(rig.keys.getRandomBytes(8)))).toMatchObject({ status: 404 })
})
