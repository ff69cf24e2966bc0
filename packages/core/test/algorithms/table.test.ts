import { constants, createPublicKey, verify, webcrypto } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { algorithm, algorithms, algorithmsOf, chooseAlgorithm } from '../../src/index.ts'
import { privateKey, privateKeys } from '@sealwright/test-kit/keys'

/** As in RFC 7518 §3, RFC 8812, RFC 8037, RFC 8032 §5.1.6, RFC 9864 and FIPS 204 §4. */
const expected: readonly (readonly [
  name: string,
  kty: string,
  curve: string | null,
  digest: string | null,
  saltLength: number | null,
  coordinateLength: number | null,
  signatureLength: number | null,
])[] = [
  ['RS256', 'RSA', null, 'sha256', null, null, null],
  ['RS384', 'RSA', null, 'sha384', null, null, null],
  ['RS512', 'RSA', null, 'sha512', null, null, null],
  ['PS256', 'RSA', null, 'sha256', 32, null, null],
  ['PS384', 'RSA', null, 'sha384', 48, null, null],
  ['PS512', 'RSA', null, 'sha512', 64, null, null],
  ['ES256', 'EC', 'P-256', 'sha256', null, 32, 64],
  ['ES384', 'EC', 'P-384', 'sha384', null, 48, 96],
  ['ES512', 'EC', 'P-521', 'sha512', null, 66, 132],
  ['ES256K', 'EC', 'secp256k1', 'sha256', null, 32, 64],
  ['Ed25519', 'OKP', 'Ed25519', null, null, null, 64],
  ['EdDSA', 'OKP', 'Ed25519', null, null, null, 64],
  ['ML-DSA-44', 'AKP', null, null, null, null, 2420],
  ['ML-DSA-65', 'AKP', null, null, null, null, 3309],
  ['ML-DSA-87', 'AKP', null, null, null, null, 4627],
]

/** Web Cryptography Level 2, and RFC 7518 §3.5 for the salts; K-256 is @peculiar/webcrypto's name. */
const webCryptoParameters = {
  RS256: { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' },
  RS384: { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-384' },
  RS512: { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-512' },
  PS256: { name: 'RSA-PSS', hash: 'SHA-256', saltLength: 32 },
  PS384: { name: 'RSA-PSS', hash: 'SHA-384', saltLength: 48 },
  PS512: { name: 'RSA-PSS', hash: 'SHA-512', saltLength: 64 },
  ES256: { name: 'ECDSA', hash: 'SHA-256', namedCurve: 'P-256' },
  ES384: { name: 'ECDSA', hash: 'SHA-384', namedCurve: 'P-384' },
  ES512: { name: 'ECDSA', hash: 'SHA-512', namedCurve: 'P-521' },
  ES256K: { name: 'ECDSA', hash: 'SHA-256', namedCurve: 'K-256' },
  Ed25519: { name: 'Ed25519' },
  EdDSA: { name: 'Ed25519' },
  'ML-DSA-44': { name: 'ML-DSA-44' },
  'ML-DSA-65': { name: 'ML-DSA-65' },
  'ML-DSA-87': { name: 'ML-DSA-87' },
}

describe('the table', () => {
  test('is that of the specifications', () => {
    const rows = algorithms.map((row) => [
      row.name,
      row.kty,
      row.curve,
      row.digest,
      row.pss?.saltLength ?? null,
      row.coordinateLength,
      row.signatureLength,
    ])
    expect(rows).toEqual(expected)
  })

  test('has the WebCrypto parameters of each algorithm', () => {
    expect(Object.fromEntries(algorithms.map((row) => [row.name, row.webCrypto]))).toEqual(
      webCryptoParameters,
    )
  })

  test('cannot be changed, at any depth', () => {
    for (const part of [algorithms, ...algorithms.flatMap((row) => [row, row.webCrypto, row.pss])]) {
      expect(Object.isFrozen(part)).toBe(true)
    }
  })

  // Node's WebCrypto has no secp256k1; ML-DSA has tests of its own.
  test.for(algorithms.filter((row) => row.curve !== 'secp256k1' && row.kty !== 'AKP').map((row) => row.name))(
    '%s: what WebCrypto signs with its parameters, OpenSSL verifies as that algorithm',
    async (name) => {
      const { webCrypto } = algorithm(name)
      const [, , , digest = null, saltLength] = expected.find(([each]) => each === name) ?? []
      const pkcs8 = privateKey(name).export({ type: 'pkcs8', format: 'der' })
      const spki = createPublicKey(privateKey(name)).export({ type: 'spki', format: 'der' })
      const signing = await webcrypto.subtle.importKey('pkcs8', pkcs8, webCrypto, false, ['sign'])
      const verifying = await webcrypto.subtle.importKey('spki', spki, webCrypto, false, ['verify'])
      const signature = await webcrypto.subtle.sign(webCrypto, signing, Buffer.from('data'))
      const key = {
        key: createPublicKey(privateKey(name)),
        dsaEncoding: 'ieee-p1363' as const,
        ...(typeof saltLength === 'number' && { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength }),
      }
      expect(verify(digest, Buffer.from('data'), key, Buffer.from(signature))).toBe(true)
      expect(await webcrypto.subtle.verify(webCrypto, verifying, signature, Buffer.from('data'))).toBe(true)
    },
  )
})

describe('algorithm', () => {
  test('finds every row by its name', () => {
    for (const row of algorithms) expect(algorithm(row.name)).toBe(row)
  })

  test.for(['none', 'HS256', 'rs256', 'ES256 ', '', 'constructor', '__proto__'])('refuses %j', (name) => {
    expect(() => algorithm(name)).toThrow(
      expect.objectContaining({
        code: 'UNSUPPORTED_ALGORITHM',
        message: expect.stringMatching(/^unknown signature algorithm; use one of RS256, RS384, /) as string,
      }),
    )
  })
})

describe('chooseAlgorithm', () => {
  const available = algorithmsOf(privateKey('RS256'))

  test('takes the first, or the one named', () => {
    expect(chooseAlgorithm(available, undefined).name).toBe('RS256')
    expect(chooseAlgorithm(available, 'PS512').name).toBe('PS512')
  })

  test.for(['ES256', 'none', ''])('refuses %j, which the key cannot do, and says what it can', (name) => {
    expect(() => chooseAlgorithm(available, name)).toThrow(
      expect.objectContaining({
        code: 'UNSUPPORTED_ALGORITHM',
        // Names are quoted where they are known: anything else may be a secret.
        message: `the key cannot sign with ${name === 'ES256' ? name : 'this algorithm'}; it can sign with RS256, RS384, RS512, PS256, PS384, PS512`,
      }),
    )
  })

  test('refuses where there is nothing to choose from', () => {
    expect(() => chooseAlgorithm([], undefined)).toThrow(
      expect.objectContaining({
        code: 'UNSUPPORTED_ALGORITHM',
        message: 'the key supports no signature algorithm',
      }),
    )
  })

  test('refuses arguments of other types', () => {
    expect(() => chooseAlgorithm('hunter2' as never, undefined)).toThrow('available must be an array')
    expect(() => chooseAlgorithm(available, 7 as never)).toThrow('algorithm must be a string')
    expect(() => algorithm(7 as never)).toThrow('name must be a string')
  })
})

test('the keys of these tests are those of the table', () => {
  expect([...privateKeys.keys()]).toEqual(
    algorithms.filter((row) => row.kty !== 'AKP').map((row) => row.name),
  )
})
