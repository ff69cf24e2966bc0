import { createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto'
import { rsaKey } from '@sealwright/test-kit/rsa-keys'
import { expect, test } from 'vitest'
import { keyTypeOf, makeKey, subjectOf, validityOf } from '../../src/keys/make-key.ts'

/** An RSA public key of that length: its modulus is a Mersenne prime, so that it has no small factor. */
function mersenne(bits: 2203 | 3217 | 4253): KeyObject {
  const modulus = (2n ** BigInt(bits) - 1n).toString(16)
  const n = Buffer.from(modulus.length % 2 === 0 ? modulus : `0${modulus}`, 'hex').toString('base64url')
  return createPublicKey({ key: { kty: 'RSA', n, e: 'AQAB' }, format: 'jwk' })
}

test.each(['ec-p256', 'ec-p384', 'ec-p521', 'ec-secp256k1', 'ed25519'] as const)(
  'the type of a key of type %s is found',
  async (type) => {
    const { privateKey, certificate } = await makeKey('k', type, 'CN=k', 86_400_000)
    expect(keyTypeOf(certificate.publicKey)).toBe(type)
    expect(certificate.publicKey.equals(createPublicKey(privateKey))).toBe(true)
  },
)

test.each([
  [createPublicKey(rsaKey(2048)), 'rsa-2048'],
  [mersenne(2203), 'rsa-3072'],
  [createPublicKey(rsaKey(3072)), 'rsa-3072'],
  [mersenne(3217), 'rsa-4096'],
  [createPublicKey(rsaKey(4096)), 'rsa-4096'],
  [mersenne(4253), 'rsa-4096'],
])('an RSA key counts as the next longer type, and the longest as rsa-4096 (%#)', (publicKey, type) => {
  expect(keyTypeOf(publicKey)).toBe(type)
})

test('a key that cannot sign has no type', () => {
  const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'brainpoolP256r1' })
  expect(() => keyTypeOf(publicKey)).toThrow(expect.objectContaining({ code: 'UNSUPPORTED_KEY' }))
})

test('a new key is valid from now, the last second included, and has no issuers', async () => {
  const before = Date.now()
  const { certificate, issuers, friendlyName } = await makeKey('My-App', 'ec-p256', 'CN=x', 3_600_000)
  const [notBefore, notAfter] = [new Date(certificate.validFrom), new Date(certificate.validTo)]
  expect(notBefore.getTime()).toBeGreaterThan(before - 1000)
  expect(notBefore.getTime()).toBeLessThanOrEqual(Date.now())
  expect(notAfter.getTime() - notBefore.getTime()).toBe(3_599_000)
  expect(validityOf({ notBefore, notAfter })).toBe(3_600_000)
  expect([issuers, friendlyName, certificate.subject]).toEqual([[], 'My-App', 'CN=x'])
})

test('a subject is made of the first 64 characters of the name', () => {
  expect(subjectOf('my-app')).toBe('CN=my-app')
  expect(subjectOf('a'.repeat(65))).toBe(`CN=${'a'.repeat(64)}`)
})
