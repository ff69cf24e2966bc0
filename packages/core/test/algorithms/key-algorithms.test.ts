import { createPublicKey, createSecretKey, generateKeyPairSync } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { algorithmsOf } from '../../src/index.ts'
import { privateKey } from '@sealwright/test-kit/keys'

describe('algorithmsOf', () => {
  test('takes KeyObjects alone', () => {
    expect(() => algorithmsOf('hunter2' as never)).toThrow(/^key must be a KeyObject; createPrivateKey /)
  })

  test.for<[string, string[]]>([
    ['RS256', ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512']],
    ['ES256', ['ES256']],
    ['ES384', ['ES384']],
    ['ES512', ['ES512']],
    ['ES256K', ['ES256K']],
    ['Ed25519', ['Ed25519', 'EdDSA']],
  ])('the key of %s, private and public, does %j', ([name, names]) => {
    for (const key of [privateKey(name), createPublicKey(privateKey(name))]) {
      expect(algorithmsOf(key).map((row) => row.name)).toEqual(names)
    }
  })

  test.for([
    ['RSA of 1024 bits', () => generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey, '1024 bits'],
    ['RSA of 2047 bits', () => generateKeyPairSync('rsa', { modulusLength: 2047 }).publicKey, '2047 bits'],
    [
      'RSA for PSS only',
      () => generateKeyPairSync('rsa-pss', { modulusLength: 2048 }).publicKey,
      'of type rsa-pss',
    ],
    ['P-224', () => generateKeyPairSync('ec', { namedCurve: 'secp224r1' }).publicKey, 'secp224r1'],
    [
      'Brainpool',
      () => generateKeyPairSync('ec', { namedCurve: 'brainpoolP256r1' }).publicKey,
      'brainpoolP256r1',
    ],
    ['Ed448', () => generateKeyPairSync('ed448').publicKey, 'of type ed448'],
    ['X25519', () => generateKeyPairSync('x25519').publicKey, 'of type x25519'],
    ['a secret', () => createSecretKey(Buffer.alloc(32)), 'of type secret'],
  ] as const)('refuses %s', ([, key, message]) => {
    expect(() => algorithmsOf(key())).toThrow(
      expect.objectContaining({
        code: 'UNSUPPORTED_KEY',
        message: expect.stringContaining(message) as string,
      }),
    )
  })
})
