import { createHash, generateKeyPairSync, verify, webcrypto, type KeyObject } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import {
  algorithm,
  algorithmsOf,
  createLocalSigner,
  importJwk,
  jwkThumbprint,
  publicJwk,
} from '../../src/index.ts'

/** Node's types do not have these key types yet; null where Node itself has not. */
function makeKeys(type: string): { readonly privateKey: KeyObject; readonly publicKey: KeyObject } | null {
  try {
    return generateKeyPairSync(type as 'ed25519')
  } catch (error) {
    expect(error).toMatchObject({ code: 'ERR_INVALID_ARG_VALUE' })
    return null
  }
}

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)

/** FIPS 204 §4, table 2: lengths of public keys and signatures in bytes. */
describe.for([
  ['ML-DSA-44', 1312, 2420],
  ['ML-DSA-65', 1952, 3309],
  ['ML-DSA-87', 2592, 4627],
] as const)('%s', ([name, publicKeyLength, signatureLength]) => {
  const keys = makeKeys(name.toLowerCase())

  test('Node has it from 24.7 on', () => {
    expect(keys !== null).toBe(major > 24 || (major === 24 && minor >= 7))
  })

  test('its row', () => {
    const row = algorithm(name)
    expect(row).toMatchObject({ kty: 'AKP', curve: null, digest: null, pss: null })
    expect(row.signatureLength).toBe(signatureLength)
  })

  test('signs, sync and async, what Node and WebCrypto verify', async () => {
    if (keys === null) return
    const data = Buffer.from('eyJhbGciOiJNTC1EU0EtNDQifQ.e30')
    expect(algorithmsOf(keys.publicKey)).toEqual([algorithm(name)])
    const signer = createLocalSigner(keys.privateKey)
    const { webCrypto } = signer.algorithm
    const spki = keys.publicKey.export({ format: 'der', type: 'spki' })
    const verifying = await webcrypto.subtle.importKey('spki', spki, webCrypto, false, ['verify'])
    for (const signature of [signer.signSync(data), await signer.sign(data)]) {
      expect(signature).toHaveLength(signatureLength)
      expect(verify(null, data, keys.publicKey, signature)).toBe(true)
      expect(verify(null, Buffer.from('other'), keys.publicKey, signature)).toBe(false)
      expect(await webcrypto.subtle.verify(webCrypto, verifying, Buffer.from(signature), data)).toBe(true)
    }
    expect(() => createLocalSigner(keys.privateKey, { algorithm: 'ES256' })).toThrow(
      expect.objectContaining({ code: 'UNSUPPORTED_ALGORITHM' }),
    )
  })

  test('its JWK has alg and pub, which the thumbprint hashes (RFC 9964)', () => {
    if (keys === null) return
    // The key is the whole of the SPKI's BIT STRING, which ends it.
    const pub = keys.publicKey
      .export({ format: 'der', type: 'spki' })
      .subarray(-publicKeyLength)
      .toString('base64url')
    expect(publicJwk(keys.privateKey)).toEqual({ kty: 'AKP', alg: name, pub })
    const text = `{"alg":"${name}","kty":"AKP","pub":"${pub}"}`
    const thumbprint = createHash('sha256').update(text).digest('base64url')
    expect(jwkThumbprint(keys.privateKey)).toBe(thumbprint)
    expect(jwkThumbprint(keys.publicKey)).toBe(thumbprint)
    // The seed is in `priv`.
    const imported = importJwk({ ...keys.privateKey.export({ format: 'jwk' }) })
    expect(imported.type).toBe('private')
    expect(imported.equals(keys.privateKey)).toBe(true)
  })
})
