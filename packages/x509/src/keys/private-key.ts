import { createPrivateKey, type KeyObject, type PrivateKeyInput } from 'node:crypto'
import { SealwrightError } from '@sealwright/core'
import { assertUnforgeable } from '@sealwright/core/internal'
import { assertKnownType, mlDsaProblem } from './ml-dsa.ts'
import { assertNamedCurve } from './public-key.ts'
import { malformed, readBer, type BerBudget, type BerElement } from '../asn1/ber.ts'
import { SequenceReader } from '../asn1/sequence-reader.ts'

/** RSA-8192, twice what is made here, has about 4.7 kB; what a key computes takes time that grows with its numbers. */
const maximumLength = 6 * 1024
const maximumModulusLength = 8192

/** PrivateKeyInfo (RFC 5958 §2), ECPrivateKey (RFC 5915 §3) or RSAPrivateKey (RFC 8017 App. A.1.2). */
export type PrivateKeyType = 'pkcs8' | 'sec1' | 'pkcs1'

const names: Readonly<Record<PrivateKeyType, string>> = { pkcs8: 'PKCS#8', sec1: 'SEC1', pkcs1: 'PKCS#1' }

/**
 * What PKCS#8 is handed to OpenSSL with, by OID: keys that sign. Others would not only be of no use: of Diffie-Hellman and DSA
 * keys OpenSSL computes the public part as it reads them, and with the numbers of a hostile file that takes a long time.
 */
const signingKeys: ReadonlySet<string> = new Set([
  // rsaEncryption and id-RSASSA-PSS (RFC 8017 App. C)
  '1.2.840.113549.1.1.1',
  '1.2.840.113549.1.1.10',
  // id-ecPublicKey (RFC 5480 §2.1.1)
  '1.2.840.10045.2.1',
  // id-Ed25519 and id-Ed448 (RFC 8410 §3)
  '1.3.101.112',
  '1.3.101.113',
  // id-ml-dsa-44, -65 and -87 (RFC 9881 §2)
  '2.16.840.1.101.3.4.3.17',
  '2.16.840.1.101.3.4.3.18',
  '2.16.840.1.101.3.4.3.19',
])

/** Names for messages of the others. */
const otherKeys: Readonly<Record<string, string>> = {
  '1.3.101.110': 'an X25519 key, which agrees on secrets and cannot sign',
  '1.3.101.111': 'an X448 key, which agrees on secrets and cannot sign',
  '1.2.840.113549.1.3.1': 'a Diffie-Hellman key, which agrees on secrets and cannot sign',
  '1.2.840.10046.2.1': 'a Diffie-Hellman key, which agrees on secrets and cannot sign',
  '1.2.840.10040.4.1': 'a DSA key, which no token can be signed with',
}

/** @throws SealwrightError `INVALID_ENCODING`, `LIMIT_EXCEEDED`, `UNSUPPORTED_KEY` */
export function readPrivateKey(der: Uint8Array, type: PrivateKeyType, budget: BerBudget): KeyObject {
  const what = 'the private key'
  if (der.length > maximumLength) {
    throw new SealwrightError(
      'LIMIT_EXCEEDED',
      `${what} has ${der.length} bytes; ${maximumLength} are allowed`,
    )
  }
  // OpenSSL overlooks bytes after the end.
  const element = readBer(der, what, budget)
  if (type === 'pkcs8') assertSigningKey(element, what)
  let key: KeyObject
  try {
    // The same memory, so that whoever zeroes the one zeroes the other.
    key = createKey({ key: Buffer.from(der.buffer, der.byteOffset, der.length), format: 'der', type })
  } catch (cause) {
    throw (
      mlDsaProblem(what, der, cause) ??
      malformed(what, `is not ${names[type]} of a kind OpenSSL knows`, cause)
    )
  }
  assertKnownType(key, what, der)
  assertNamedCurve(key, what)
  checkPrivateKey(key)
  return key
}

/** Once more where the error is a stale one, left behind by whoever compared two keys of different types before. */
function createKey(input: PrivateKeyInput): KeyObject {
  try {
    return createPrivateKey(input)
  } catch (error) {
    if (!(error instanceof Error) || Reflect.get(error, 'code') !== 'ERR_OSSL_EVP_DIFFERENT_KEY_TYPES')
      throw error
    return createPrivateKey(input)
  }
}

/** PrivateKeyInfo (RFC 5958 §2): `SEQUENCE { version, privateKeyAlgorithm AlgorithmIdentifier, … }`. */
function assertSigningKey(element: BerElement, what: string): void {
  const info = new SequenceReader(element, what)
  info.integer('version')
  const oid = info.sequence('algorithm').objectIdentifier('algorithm')
  if (signingKeys.has(oid)) return
  throw new SealwrightError(
    'UNSUPPORTED_KEY',
    `${what} is ${otherKeys[oid] ?? `of the algorithm ${oid}, which is not known`}`,
  )
}

/** @throws SealwrightError `INVALID_ENCODING`, `LIMIT_EXCEEDED`, `UNSUPPORTED_KEY` */
export function checkPrivateKey(key: KeyObject): void {
  const { modulusLength = 0 } = key.asymmetricKeyDetails ?? {}
  if (modulusLength > maximumModulusLength) {
    throw new SealwrightError(
      'LIMIT_EXCEEDED',
      `the private key has ${modulusLength} bits; ${maximumModulusLength} are allowed`,
    )
  }
  if (key.type !== 'private') return
  if (modulusLength > 0) assertRsaNumbers(key, modulusLength)
  assertUnforgeable(key)
}

/**
 * Refuses RSA keys whose numbers do not belong together, which OpenSSL takes: it signs with what fits and says nothing. First
 * those with numbers longer than their modulus, for what is computed with them takes time that grows with their lengths.
 *
 * @throws SealwrightError `INVALID_ENCODING`, `UNSUPPORTED_KEY`
 */
function assertRsaNumbers(key: KeyObject, modulusLength: number): void {
  const what = 'the private key'
  const der = key.export({ format: 'der', type: 'pkcs8' })
  try {
    // PrivateKeyInfo holds RSAPrivateKey in an OCTET STRING. A budget is not needed for what OpenSSL has encoded.
    const [, , octets] = readBer(der, what, { elements: 32, depth: 8 }).children
    const fields = readBer(octets?.content ?? der, what, { elements: 32, depth: 8 }).children
    // RFC 8017 App. A.1.2: with more than two primes there is another field.
    if (fields.length !== 9) {
      throw new SealwrightError('UNSUPPORTED_KEY', `${what} is an RSA key of more than two primes`)
    }
    // A sign octet may stand before a number.
    const maximum = Math.ceil(modulusLength / 8) + 1
    if (fields.some(({ content }) => content.length > maximum)) {
      throw malformed(what, 'has numbers that are longer than its modulus')
    }
    if (!belongTogether(fields.map(({ content }) => toBigInt(content)))) {
      throw malformed(what, 'has numbers that do not belong together')
    }
  } finally {
    der.fill(0)
  }
}

/** RFC 8017 §3.2, all but whether the primes are prime. */
function belongTogether(rsaPrivateKey: readonly bigint[]): boolean {
  const [, n = 0n, e = 0n, d = 0n, p = 0n, q = 0n, dP = 0n, dQ = 0n, qInv = 0n] = rsaPrivateKey
  return (
    p > 2n &&
    q > 2n &&
    p * q === n &&
    (e * d) % (p - 1n) === 1n &&
    (e * d) % (q - 1n) === 1n &&
    d % (p - 1n) === dP &&
    d % (q - 1n) === dQ &&
    (q * qInv) % p === 1n
  )
}

/** @param content of an INTEGER that is not negative */
function toBigInt(content: Uint8Array): bigint {
  return BigInt(`0x${Buffer.from(content).toString('hex')}`)
}
