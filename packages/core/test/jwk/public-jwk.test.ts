import {
  createHash,
  createPrivateKey,
  createPublicKey,
  createSecretKey,
  generateKeyPairSync,
  type JsonWebKey,
} from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { jwkThumbprint, publicJwk } from '../../src/index.ts'
import { privateKey, privateKeys } from '@sealwright/test-kit/keys'

const rfc7638Example: JsonWebKey = {
  kty: 'RSA',
  n: '0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw',
  e: 'AQAB',
}

describe('jwkThumbprint', () => {
  test('RFC 7638 §3.1', () => {
    const key = createPublicKey({
      key: { ...rfc7638Example, alg: 'RS256', kid: '2011-04-29' },
      format: 'jwk',
    })
    expect(jwkThumbprint(key)).toBe('NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs')
  })

  test('RFC 8037 A.3, of the public and of the private key', () => {
    const jwk = {
      kty: 'OKP',
      crv: 'Ed25519',
      d: 'nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A',
      x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo',
    }
    const key = createPrivateKey({ key: jwk, format: 'jwk' })
    expect(jwkThumbprint(key)).toBe('kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k')
    expect(jwkThumbprint(createPublicKey(key))).toBe('kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k')
  })

  test.for(['ES256', 'ES384', 'ES512', 'ES256K'])(
    'an EC key hashes crv, kty, x, y in this order (%s)',
    (name) => {
      const { crv, kty, x, y } = createPublicKey(privateKey(name)).export({ format: 'jwk' })
      const text = `{"crv":"${crv}","kty":"${kty}","x":"${x}","y":"${y}"}`
      expect(jwkThumbprint(privateKey(name))).toBe(createHash('sha256').update(text).digest('base64url'))
    },
  )

  test('a key without JWK form has none', () => {
    const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'brainpoolP256r1' })
    for (const [key, type] of [
      [publicKey, 'ec'],
      [createSecretKey(Buffer.alloc(32)), 'secret'],
    ] as const) {
      expect(() => jwkThumbprint(key)).toThrow(
        expect.objectContaining({
          code: 'UNSUPPORTED_KEY',
          message: `a key of type ${type} has no public JWK`,
        }),
      )
    }
    // Node's own error says which curve it is.
    expect(() => publicJwk(publicKey)).toThrow(
      expect.objectContaining({ cause: expect.any(Error) as unknown }),
    )
    expect(() => publicJwk('hunter2' as never)).toThrow('key must be a KeyObject')
  })
})

describe('publicJwk', () => {
  test.for([...privateKeys.keys()])('has the public members only, of a private key too (%s)', (name) => {
    const key = privateKey(name)
    const jwk = publicJwk(key)
    expect(jwk).toEqual(createPublicKey(key).export({ format: 'jwk' }))
    expect(jwk).not.toHaveProperty('d')
    expect(publicJwk(createPublicKey(key))).toEqual(jwk)
  })

  test('coordinates keep their leading zeros (RFC 7518 §6.2.1.2)', () => {
    // One key in 256 has an x that starts with a zero byte.
    for (;;) {
      const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
      const x = publicKey.export({ type: 'spki', format: 'der' }).subarray(-64, -32)
      if (x[0] !== 0) continue
      expect(publicJwk(publicKey)).toHaveProperty('x', x.toString('base64url'))
      return
    }
  })
})
