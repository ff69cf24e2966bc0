import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  sign,
  verify,
  type JsonWebKey,
} from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { algorithmsOf, createLocalSigner, importJwk, isSealwrightError, publicJwk } from '../../src/index.ts'
import { privateKey, privateKeys } from '@sealwright/test-kit/keys'
import { base64url, exponentOneJwk, rocaModulus } from '../support/weak-keys.ts'

function privateJwk(name: string): JsonWebKey {
  return privateKey(name).export({ format: 'jwk' })
}

const ec = privateJwk('ES256')
const rsa = privateJwk('RS256')

/** What a key of this JWK signs or verifies with. */
function names(jwk: Readonly<Record<string, unknown>>): string[] {
  return algorithmsOf(importJwk(jwk)).map(({ name }) => name)
}

/** The message of the error with that code, wherever it is thrown. */
function refusal(
  code: 'INVALID_ARGUMENT' | 'INVALID_ENCODING' | 'LIMIT_EXCEEDED' | 'UNSUPPORTED_KEY',
  jwk: unknown,
): string {
  try {
    names(jwk as Record<string, unknown>)
  } catch (error) {
    if (isSealwrightError(error, code)) return error.message
    throw error
  }
  throw new Error('nothing was refused')
}

describe('importJwk', () => {
  test.for([...privateKeys.keys()])('takes the private and the public key of %s', (name) => {
    const key = importJwk(privateJwk(name))
    expect(key.equals(createPrivateKey({ key: privateJwk(name), format: 'jwk' }))).toBe(true)
    expect(key.type).toBe('private')
    expect(importJwk(publicJwk(key)).equals(createPublicKey(key))).toBe(true)
    expect(importJwk(publicJwk(key)).type).toBe('public')
  })

  test('takes members that are no part of the key, of any type', () => {
    expect(names({ ...ec, kid: 7, x5c: ['…'], ext: true, nbf: null })).toEqual(['ES256'])
  })

  test('takes Key Vault’s spellings', () => {
    const secp256k1 = privateJwk('ES256K')
    expect(secp256k1.crv).toBe('secp256k1')
    expect(names({ ...secp256k1, crv: 'P-256K' })).toEqual(['ES256K'])
    expect(names({ ...secp256k1, crv: 'SECP256K1' })).toEqual(['ES256K'])
    expect(names({ ...secp256k1, crv: 'P-256K', kty: 'EC-HSM' })).toEqual(['ES256K'])
    expect(names({ ...rsa, kty: 'RSA-HSM' })).toHaveLength(6)
  })

  test('is limited in length', () => {
    expect(refusal('LIMIT_EXCEEDED', { ...ec, x: 'A'.repeat(4097) })).toBe(
      '"x" of the JWK has 4097 characters; at most 4096 are allowed',
    )
    expect(refusal('INVALID_ENCODING', { ...ec, x: 'A'.repeat(4096) })).toMatch('is not a valid RSA, EC')
    expect(names({ ...ec, kid: 'A'.repeat(5000) })).toEqual(['ES256'])
  })

  test.for<[string, unknown]>([
    ['text', JSON.stringify(ec)],
    ['null', null],
    ['undefined', undefined],
    ['a list', [ec]],
  ])('refuses %s', ([, value]) => {
    expect(refusal('INVALID_ARGUMENT', value)).toBe('jwk must be an object; parse its text with JSON.parse')
  })
})

describe('what a JWK says of its use', () => {
  const publicRsa = publicJwk(privateKey('RS256'))

  test.for<[string, object, string[]]>([
    ['nothing', {}, ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512']],
    ['use', { use: 'sig' }, ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512']],
    ['alg', { alg: 'PS256' }, ['PS256']],
    ['all', { use: 'sig', alg: 'RS512', key_ops: ['sign', 'verify'] }, ['RS512']],
  ])('limits its algorithms: %s', ([, members, expected]) => {
    expect(names({ ...rsa, ...members })).toEqual(expected)
    expect(names({ ...publicRsa, ...members })).toEqual(expected)
  })

  test('limits what is signed with', () => {
    const key = importJwk({ ...rsa, alg: 'PS256' })
    expect(createLocalSigner(key).algorithm.name).toBe('PS256')
    expect(() => createLocalSigner(key, { algorithm: 'RS256' })).toThrow(
      expect.objectContaining({
        code: 'UNSUPPORTED_ALGORITHM',
        message: 'the key cannot sign with RS256; it can sign with PS256',
      }),
    )
    expect(() => createLocalSigner(importJwk({ ...rsa, use: 'enc' }))).toThrow(
      expect.objectContaining({ code: 'UNSUPPORTED_KEY' }),
    )
  })

  test('is said of that key alone', () => {
    importJwk({ ...rsa, alg: 'PS256' })
    expect(algorithmsOf(privateKey('RS256'))).toHaveLength(6)
    expect(names(rsa)).toHaveLength(6)
  })

  test.for<[string, object, string]>([
    ['encryption', { use: 'enc' }, 'its "use" is not "sig" (RFC 7517 §4.2)'],
    ['what is not known', { use: 'tls' }, 'its "use" is not "sig" (RFC 7517 §4.2)'],
    ['verifying alone', { key_ops: ['verify'] }, 'its "key_ops" do not include "sign" (RFC 7517 §4.3)'],
    ['no operation', { key_ops: [] }, 'its "key_ops" do not include "sign" (RFC 7517 §4.3)'],
    [
      'another curve',
      { alg: 'ES384' },
      'its "alg" does not fit its key, which can sign with ES256 (RFC 7517 §4.4)',
    ],
    [
      'key agreement',
      { alg: 'ECDH-ES' },
      'its "alg" does not fit its key, which can sign with ES256 (RFC 7517 §4.4)',
    ],
  ])('can be that it is for %s', ([, members, reason]) => {
    expect(refusal('UNSUPPORTED_KEY', { ...ec, ...members })).toBe(`the JWK is not for signatures: ${reason}`)
  })

  test('concerns the half that it is of', () => {
    const publicEc = publicJwk(privateKey('ES256'))
    expect(names({ ...ec, key_ops: ['sign'] })).toEqual(['ES256'])
    expect(names({ ...publicEc, key_ops: ['verify'] })).toEqual(['ES256'])
    expect(refusal('UNSUPPORTED_KEY', { ...publicEc, key_ops: ['sign'] })).toBe(
      'the JWK is not for signatures: its "key_ops" do not include "verify" (RFC 7517 §4.3)',
    )
  })

  test.for<[object, string]>([
    [{ use: ['sig'] }, 'has a "use" that is not a string'],
    [{ alg: 256 }, 'has an "alg" that is not a string'],
    [{ key_ops: 'sign' }, 'has "key_ops" that are not a list of distinct strings (RFC 7517 §4.3)'],
    [{ key_ops: [1] }, 'has "key_ops" that are not a list of distinct strings (RFC 7517 §4.3)'],
    [{ key_ops: ['sign', 'sign'] }, 'has "key_ops" that are not a list of distinct strings (RFC 7517 §4.3)'],
  ])('has the types of RFC 7517: %j', ([members, problem]) => {
    expect(refusal('INVALID_ENCODING', { ...ec, ...members })).toBe(`the JWK ${problem}`)
  })
})

const privateMembers: ReadonlySet<string> = new Set(['d', 'p', 'q', 'dp', 'dq', 'qi'])

/** What the tests for JSON Web Keys of Project Wycheproof check (json_web_key_test.json), with keys of our own. */
describe('JWKs that must not be used for signatures', () => {
  const rsaRoca = { kty: 'RSA', n: base64url(rocaModulus()), e: 'AQAB', alg: 'RS256', use: 'sig' }
  const rsa1024 = generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey.export({ format: 'jwk' })
  const oct = { kty: 'oct', k: Buffer.alloc(32, 7).toString('base64url'), use: 'sig' }
  const invalid =
    'the JWK is not a valid RSA, EC, OKP or AKP key: a member is missing, or a curve or number is wrong'
  const symmetric = 'the JWK is a symmetric key ("kty": "oct")'

  test.for<
    [string, 'UNSUPPORTED_KEY' | 'INVALID_ENCODING', Readonly<Record<string, unknown>>, string | RegExp]
  >([
    [
      'an RSA key for encryption',
      'UNSUPPORTED_KEY',
      { ...rsa, alg: 'RSA1_5', use: 'enc' },
      /"use" is not "sig"/,
    ],
    [
      'an RSA key with an algorithm of encryption',
      'UNSUPPORTED_KEY',
      { ...rsa, alg: 'RSA-OAEP' },
      /"alg" does not fit its key/,
    ],
    ['an RSA key with the ROCA weakness', 'UNSUPPORTED_KEY', rsaRoca, /ROCA/],
    ['an RSA key of 1024 bits', 'UNSUPPORTED_KEY', { ...rsa1024, alg: 'RS256', use: 'sig' }, /1024 bits/],
    [
      'an RSA key with the public exponent 1',
      'UNSUPPORTED_KEY',
      { ...exponentOneJwk, use: 'sig' },
      /exponent 1,/,
    ],
    [
      'an EC key with an unknown algorithm',
      'UNSUPPORTED_KEY',
      { ...ec, alg: 'ES521' },
      /"alg" does not fit its key/,
    ],
    [
      'an EC key with an unknown algorithm',
      'UNSUPPORTED_KEY',
      { ...ec, alg: 'ES224' },
      /"alg" does not fit its key/,
    ],
    [
      'an EC key for encryption',
      'UNSUPPORTED_KEY',
      { ...ec, alg: 'ES256', use: 'enc' },
      /"use" is not "sig"/,
    ],
    ['an EC point that is not on its curve', 'INVALID_ENCODING', { ...ec, y: ec.x }, invalid],
    ['an RSA key of three primes', 'UNSUPPORTED_KEY', { ...rsa, oth: [{ r: 'AQ' }] }, /more than two primes/],
    ['an EC key with the name of another curve', 'INVALID_ENCODING', { ...ec, crv: 'P-384' }, invalid],
    ['an EC key that says it is RSA', 'INVALID_ENCODING', { ...ec, kty: 'RSA' }, invalid],
    [
      'a key that does not say what it is',
      'INVALID_ENCODING',
      { ...ec, kty: undefined },
      'the JWK has no key type ("kty")',
    ],
    ['a symmetric key for HMAC', 'UNSUPPORTED_KEY', { ...oct, alg: 'HS256' }, symmetric],
    ['a symmetric key for AES-GCM', 'UNSUPPORTED_KEY', { ...oct, alg: 'A256GCM' }, symmetric],
    ['a symmetric key for AES-KW', 'UNSUPPORTED_KEY', { ...oct, alg: 'A256KW' }, symmetric],
    ['an empty symmetric key', 'UNSUPPORTED_KEY', { ...oct, alg: 'HS256', k: '' }, symmetric],
  ])('%s', ([, code, jwk, message]) => {
    const { d } = jwk
    const publicHalf = Object.fromEntries(Object.entries(jwk).filter(([name]) => !privateMembers.has(name)))
    for (const each of d === undefined ? [jwk] : [jwk, publicHalf])
      expect(refusal(code, each)).toMatch(message)
  })
})

test.for([
  ['EC', ec, generateKeyPairSync('ec', { namedCurve: 'P-256' })],
  ['OKP', privateJwk('Ed25519'), generateKeyPairSync('ed25519')],
  ['RSA', rsa, generateKeyPairSync('rsa', { modulusLength: 2048 })],
] as const)('the private key of another key is refused (%s)', ([, jwk, { privateKey: other }]) => {
  const { d, dp } = other.export({ format: 'jwk' })
  // Node 26 itself refuses those of EC and OKP.
  expect(refusal('INVALID_ENCODING', { ...jwk, d, ...(dp !== undefined && { dp }) })).toMatch(
    /^the JWK (?:has a private key that does not belong to its public key$|is not a valid )/,
  )
})

test('RSA numbers that do not belong together are refused, though OpenSSL signs with them', () => {
  const { dq = '' } = rsa
  const key = createPrivateKey({ key: { ...rsa, qi: dq }, format: 'jwk' })
  const data = Buffer.from('data')
  expect(verify('sha256', data, privateKey('RS256'), sign('sha256', data, key))).toBe(true)
  expect(refusal('INVALID_ENCODING', { ...rsa, qi: dq })).toBe(
    'the JWK has a private key that does not belong to its public key',
  )
})

test.for([
  ['x25519', generateKeyPairSync('x25519')],
  ['x448', generateKeyPairSync('x448')],
] as const)('a key of type %s is imported, and cannot sign', ([type, { privateKey: agreement }]) => {
  const jwk = { ...agreement.export({ format: 'jwk' }) }
  expect(importJwk(jwk).equals(agreement)).toBe(true)
  expect(refusal('UNSUPPORTED_KEY', jwk)).toMatch(`a key of type ${type} cannot sign a JWS`)
})

test('ML-DSA needs a Node that has it', () => {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
  const jwk = { kty: 'AKP', alg: 'ML-DSA-44', pub: Buffer.alloc(1312, 7).toString('base64url') }
  const hasMlDsa = major > 24 || (major === 24 && minor >= 7)
  const outcome = hasMlDsa ? names(jwk).join(', ') : refusal('UNSUPPORTED_KEY', jwk)
  expect(outcome).toBe(
    hasMlDsa
      ? 'ML-DSA-44'
      : 'the JWK is not an AKP key that this version of Node supports; ML-DSA needs Node 24.7 or newer',
  )
})
