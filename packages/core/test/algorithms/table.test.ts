import { createPublicKey, webcrypto } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { algorithm, algorithms, algorithmsOf, chooseAlgorithm } from '../../src/index.ts'
import { privateKey, privateKeys } from '@sealwright/test-kit/keys'

/** What RFC 7518 §3, RFC 8812, RFC 8037 and RFC 9864 say, written down a second time. */
const expected = [
  ['RS256', 'RSA', null, 'sha256', null, null],
  ['RS384', 'RSA', null, 'sha384', null, null],
  ['RS512', 'RSA', null, 'sha512', null, null],
  ['PS256', 'RSA', null, 'sha256', 32, null],
  ['PS384', 'RSA', null, 'sha384', 48, null],
  ['PS512', 'RSA', null, 'sha512', 64, null],
  ['ES256', 'EC', 'P-256', 'sha256', null, 32],
  ['ES384', 'EC', 'P-384', 'sha384', null, 48],
  ['ES512', 'EC', 'P-521', 'sha512', null, 66],
  ['ES256K', 'EC', 'secp256k1', 'sha256', null, 32],
  ['Ed25519', 'OKP', 'Ed25519', null, null, null],
  ['EdDSA', 'OKP', 'Ed25519', null, null, null],
  ['ML-DSA-44', 'AKP', null, null, null, null],
  ['ML-DSA-65', 'AKP', null, null, null, null],
  ['ML-DSA-87', 'AKP', null, null, null, null],
]

describe('the table', () => {
  test('is that of the specifications', () => {
    const rows = algorithms.map((row) => [
      row.name,
      row.kty,
      row.curve,
      row.digest,
      row.pss?.saltLength ?? null,
      row.coordinateLength,
    ])
    expect(rows).toEqual(expected)
  })

  test('cannot be changed, at any depth', () => {
    for (const part of [algorithms, ...algorithms.flatMap((row) => [row, row.webCrypto, row.pss])]) {
      expect(Object.isFrozen(part)).toBe(true)
    }
  })

  // Node's WebCrypto has no secp256k1; ML-DSA has tests of its own.
  test.for(algorithms.filter((row) => row.curve !== 'secp256k1' && row.kty !== 'AKP').map((row) => row.name))(
    '%s: WebCrypto signs with its parameters and the key, and verifies',
    async (name) => {
      const { webCrypto } = algorithm(name)
      const pkcs8 = privateKey(name).export({ type: 'pkcs8', format: 'der' })
      const spki = createPublicKey(privateKey(name)).export({ type: 'spki', format: 'der' })
      const signing = await webcrypto.subtle.importKey('pkcs8', pkcs8, webCrypto, false, ['sign'])
      const verifying = await webcrypto.subtle.importKey('spki', spki, webCrypto, false, ['verify'])
      const signature = await webcrypto.subtle.sign(webCrypto, signing, Buffer.from('data'))
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
        message: 'the key cannot sign with any algorithm here',
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
