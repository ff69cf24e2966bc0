import { createPublicKey, type JsonWebKey, type X509Certificate } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import {
  algorithm,
  algorithmsOf,
  jwkThumbprint,
  publicJwk,
  signingKeyJwk,
  type SigningKey,
} from '../../src/index.ts'
import { certificate } from '../support/certificate.ts'

/** Base64url as X509Certificate writes fingerprints. */
function colons(thumbprint = ''): string {
  const hex = Buffer.from(thumbprint, 'base64url').toString('hex').toUpperCase()
  return hex.replaceAll(/..(?!$)/g, '$&:')
}

describe('signingKeyJwk', () => {
  const { publicKey } = certificate
  const keyId = jwkThumbprint(publicKey)

  function signingKey(certificates: readonly X509Certificate[]): SigningKey {
    return {
      name: 'test',
      version: '1',
      location: 'memory',
      keyId,
      publicKey,
      algorithms: algorithmsOf(publicKey),
      certificates,
      notBefore: null,
      notAfter: null,
      enforcesValidity: false,
      createdAt: null,
      enabled: true,
      signer: () => {
        throw new Error('a JWK is made without signing')
      },
    }
  }

  test('a bare key', () => {
    const jwk = { ...publicJwk(publicKey), use: 'sig', kid: keyId }
    expect(signingKeyJwk(signingKey([]))).toStrictEqual(jwk)
    expect(signingKeyJwk(signingKey([]), 'ES256')).toStrictEqual({ ...jwk, alg: 'ES256' })
    const several = [algorithm('RS256'), algorithm('ES256')]
    expect(signingKeyJwk({ ...signingKey([]), algorithms: several }, 'ES256')).toHaveProperty('alg', 'ES256')
  })

  test('with its certificates and the thumbprints of its own', () => {
    const jwk = signingKeyJwk(signingKey([certificate]))
    expect(jwk.x5c).toEqual([certificate.raw.toString('base64')])
    expect([typeof jwk.x5t, typeof jwk['x5t#S256']]).toEqual(['string', 'string'])
    expect(colons(jwk.x5t)).toBe(certificate.fingerprint)
    expect(colons(jwk['x5t#S256'])).toBe(certificate.fingerprint256)
    const imported = createPublicKey({ key: { ...jwk } as JsonWebKey, format: 'jwk' })
    expect(imported.equals(publicKey)).toBe(true)
  })

  test('an algorithm that is unknown, of another key type or an index is refused', () => {
    expect(() => signingKeyJwk(signingKey([]), 'hunter2')).toThrow(
      expect.objectContaining({
        code: 'UNSUPPORTED_ALGORITHM',
        message: expect.stringMatching(/^unknown signature algorithm; use one of RS256, /) as string,
      }),
    )
    expect(() => signingKeyJwk(signingKey([]), 'RS256')).toThrow(
      expect.objectContaining({
        code: 'UNSUPPORTED_ALGORITHM',
        message: `the key ${keyId} cannot sign with RS256; it can sign with ES256`,
      }),
    )
    const jwks = [signingKey([])]
    expect(() => jwks.map(signingKeyJwk as unknown as (key: SigningKey) => object)).toThrow(
      expect.objectContaining({
        code: 'INVALID_ARGUMENT',
        message: 'alg must be a string; with Array.map write (key) => signingKeyJwk(key)',
      }),
    )
  })

  test.for([
    ['a KeyObject', publicKey],
    ['nothing', undefined],
    ['text', 'hunter2'],
  ] as const)('%s is not a signing key', ([, value]) => {
    expect(() => signingKeyJwk(value as unknown as SigningKey)).toThrow(
      expect.objectContaining({
        code: 'INVALID_ARGUMENT',
        message: 'key must be a SigningKey; openSigningKey and key stores return one',
      }),
    )
  })
})
