import { createPrivateKey, createPublicKey, type KeyObject, type PrivateKeyInput } from 'node:crypto'
import { SealwrightError } from '@sealwright/core'
import { areRsaNumbersOfOneKey, assertUnforgeable, keyDetails, toBigInt } from '@sealwright/core/internal'
import type { KeyLimits } from './key-limits.ts'
import { itemLimitExceeded } from '../limits.ts'
import { assertKnownType, mlDsaProblem } from './ml-dsa.ts'
import { assertNamedCurve, readPublicKey } from './public-key.ts'
import { sameKey } from './same-key.ts'
import { malformed, readBer, tags, type BerBudget, type BerElement } from '../asn1/ber.ts'
import { wrap } from '../asn1/wrap.ts'
import { SequenceReader } from '../asn1/sequence-reader.ts'

/** PrivateKeyInfo (RFC 5958 §2), ECPrivateKey (RFC 5915 §3) or RSAPrivateKey (RFC 8017 App. A.1.2). */
export type PrivateKeyType = 'pkcs8' | 'sec1' | 'pkcs1'

/** A budget, with the limits it was made from. */
export interface KeyBudget extends BerBudget {
  readonly limits: KeyLimits
}

const names: Readonly<Record<PrivateKeyType, string>> = { pkcs8: 'PKCS#8', sec1: 'SEC1', pkcs1: 'PKCS#1' }

/**
 * The keys that sign, by OID. OpenSSL is given no others: it computes the public key of a Diffie-Hellman or DSA key as
 * it reads it, which takes long for hostile numbers.
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

/** The text for other keys in messages. */
const otherKeys: Readonly<Record<string, string>> = {
  '1.3.101.110': 'is an X25519 key, which is for key agreement and cannot sign',
  '1.3.101.111': 'is an X448 key, which is for key agreement and cannot sign',
  '1.2.840.113549.1.3.1': 'is a Diffie-Hellman key, which is for key agreement and cannot sign',
  '1.2.840.10046.2.1': 'is a Diffie-Hellman key, which is for key agreement and cannot sign',
  '1.2.840.10040.4.1': 'is a DSA key, which cannot sign tokens',
}

/** @throws SealwrightError `INVALID_ENCODING`, `LIMIT_EXCEEDED`, `UNSUPPORTED_KEY` */
export function readPrivateKey(der: Uint8Array, type: PrivateKeyType, budget: KeyBudget): KeyObject {
  const source = 'the private key'
  const { privateKeyBytes } = budget.limits
  if (der.length > privateKeyBytes) {
    throw itemLimitExceeded(`${source} has ${der.length} bytes`, privateKeyBytes, 'privateKeyBytes')
  }
  // OpenSSL overlooks bytes after the end.
  const element = readBer(der, source, budget)
  const info = type === 'pkcs8' ? readKeyInfo(element, der, source) : { der, publicKeyInfo: null }
  try {
    const key = readWithOpenSsl(info.der, type, budget.limits, source)
    if (info.publicKeyInfo !== null) assertOwnPublicKey(key, info.publicKeyInfo, source)
    return key
  } finally {
    if (info.der !== der) info.der.fill(0)
  }
}

function readWithOpenSsl(
  der: Uint8Array,
  type: PrivateKeyType,
  limits: KeyLimits,
  source: string,
): KeyObject {
  let key: KeyObject
  try {
    // The same memory: when the caller zeroes it, nothing is left.
    key = createKey({ key: Buffer.from(der.buffer, der.byteOffset, der.length), format: 'der', type })
  } catch (cause) {
    throw (
      mlDsaProblem(source, der, cause) ??
      malformed(source, `is not ${names[type]} of a kind that OpenSSL reads`, cause)
    )
  }
  assertKnownType(key, source, der)
  assertNamedCurve(key, source)
  checkPrivateKey(key, limits)
  return key
}

/** Tries twice where the error is a stale one: comparing two keys of different types leaves it in OpenSSL's queue. */
function createKey(input: PrivateKeyInput): KeyObject {
  try {
    return createPrivateKey(input)
  } catch (error) {
    if (!(error instanceof Error) || Reflect.get(error, 'code') !== 'ERR_OSSL_EVP_DIFFERENT_KEY_TYPES')
      throw error
    return createPrivateKey(input)
  }
}

/** A key as PKCS#8 version 1, and the public key that version 2 adds. */
interface KeyInfo {
  /** The array that was read itself, or a new one without public key and attributes. */
  readonly der: Uint8Array
  /** SubjectPublicKeyInfo; null where the file has no public key beside the private one. */
  readonly publicKeyInfo: Uint8Array | null
}

/**
 * OneAsymmetricKey (RFC 5958 §2): `SEQUENCE { version, privateKeyAlgorithm AlgorithmIdentifier, privateKey OCTET STRING,
 * attributes [0] OPTIONAL, publicKey [1] IMPLICIT BIT STRING OPTIONAL }`. OpenSSL before 3.2 refuses version 2, which
 * adds the public key.
 */
function readKeyInfo(element: BerElement, der: Uint8Array, source: string): KeyInfo {
  const info = new SequenceReader(element, source)
  const version = info.integer('version')
  if (version !== 0 && version !== 1)
    throw malformed(source, `has version ${version}; RFC 5958 defines 0 and 1`)
  const algorithm = info.any('algorithm')
  const oid = new SequenceReader(algorithm, `${source} algorithm`).objectIdentifier('algorithm')
  if (!signingKeys.has(oid)) {
    throw new SealwrightError(
      'UNSUPPORTED_KEY',
      `${source} ${otherKeys[oid] ?? `has the unknown type ${oid}`}`,
    )
  }
  const privateKey = info.any('privateKey')
  const attributes = info.optional(tags.context0)
  const publicKey = info.optional(tags.context1)
  info.end()
  const isVersion1 = version === 0 && attributes === null && publicKey === null
  return {
    der: isVersion1 ? der : wrap(0x30, Uint8Array.of(tags.integer, 1, 0), algorithm.bytes, privateKey.bytes),
    publicKeyInfo: publicKey === null ? null : wrap(0x30, algorithm.bytes, bitString(publicKey)),
  }
}

/** A BIT STRING from its `[1]`. Some writers tag it EXPLICIT. */
function bitString({ constructed, content, children }: BerElement): Uint8Array {
  const [inner] = children
  return constructed && inner?.tag === tags.bitString ? inner.bytes : wrap(tags.bitString, content)
}

function assertOwnPublicKey(key: KeyObject, publicKeyInfo: Uint8Array, source: string): void {
  const publicKey = readPublicKey(publicKeyInfo, `the public key beside ${source}`)
  if (!sameKey(createPublicKey(key), publicKey)) {
    throw malformed(source, 'does not belong to the public key next to it')
  }
}

/** @throws SealwrightError `INVALID_ENCODING`, `LIMIT_EXCEEDED`, `UNSUPPORTED_KEY` */
export function checkPrivateKey(key: KeyObject, { rsaModulusBits }: KeyLimits): void {
  const { modulusLength = 0 } = keyDetails(key)
  if (modulusLength > rsaModulusBits) {
    throw itemLimitExceeded(`the private key has ${modulusLength} bits`, rsaModulusBits, 'rsaModulusBits')
  }
  if (key.type !== 'private') return
  if (modulusLength > 0) assertRsaNumbers(key, modulusLength)
  assertUnforgeable(key)
}

/**
 * Refuses RSA keys with inconsistent numbers, which OpenSSL accepts and signs with. Numbers longer than the modulus are
 * refused first, because the time of the other checks grows with their lengths.
 *
 * @throws SealwrightError `INVALID_ENCODING`, `UNSUPPORTED_KEY`
 */
function assertRsaNumbers(key: KeyObject, modulusLength: number): void {
  const source = 'the private key'
  const der = key.export({ format: 'der', type: 'pkcs8' })
  try {
    // PrivateKeyInfo holds RSAPrivateKey in an OCTET STRING. A budget is not needed for what OpenSSL has encoded.
    const [, , octets] = readBer(der, source, { elements: 32, depth: 8 }).children
    const fields = readBer(octets?.content ?? der, source, { elements: 32, depth: 8 }).children
    // RFC 8017 App. A.1.2: with more than two primes there is another field.
    if (fields.length !== 9) {
      throw new SealwrightError('UNSUPPORTED_KEY', `${source} is an RSA key of more than two primes`)
    }
    // A sign octet may stand before a number.
    const maximum = Math.ceil(modulusLength / 8) + 1
    if (fields.some(({ content }) => content.length > maximum)) {
      throw malformed(source, 'has numbers that are longer than its modulus')
    }
    const [, n = 0n, e = 0n, d = 0n, p = 0n, q = 0n, dp = 0n, dq = 0n, qi = 0n] = fields.map(({ content }) =>
      toBigInt(content),
    )
    if (!areRsaNumbersOfOneKey({ n, e, d, p, q, dp, dq, qi })) {
      throw malformed(source, 'has inconsistent numbers')
    }
  } finally {
    der.fill(0)
  }
}
