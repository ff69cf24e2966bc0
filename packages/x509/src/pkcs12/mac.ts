import { createHmac, timingSafeEqual } from 'node:crypto'
import { SealwrightError } from '@sealwright/core'
import { malformed, tags, type BerElement } from '../asn1/ber.ts'
import { SequenceReader } from '../asn1/sequence-reader.ts'
import { decodeInteger } from '../asn1/values.ts'
import { Sequence } from 'asn1js'
import { AlgorithmIdentifier, DigestInfo, MacData } from 'pkijs'
import { withNull } from '../signing/algorithm-identifiers.ts'
import { octetString } from '../asn1/encode.ts'
import { readDerivation } from '../encryption/key-derivation/read-derivation.ts'
import {
  derivationDigests,
  deriveKey,
  purposes,
  sha1,
  sha256,
  type DerivationDigest,
} from '../encryption/key-derivation/pkcs12-kdf.ts'
import type { Protection } from '../encryption/password-scheme.ts'
import type { Pkcs12Budget } from '../encryption/limits.ts'
import { describeAlgorithm, pkcs5 } from '../encryption/object-identifiers.ts'
import { bmpPassword, filePasswords, usualPassword, type FilePassword } from '../encryption/password.ts'
import {
  derivePbkdf2,
  hashName,
  hmacHash,
  hmacSha256,
  pbkdf2Of,
} from '../encryption/key-derivation/pbkdf2.ts'

/** The MAC of a file. Its parameters are read and checked. */
export interface Mac {
  readonly description: Protection
  /** As Node spells the hash. */
  readonly hash: string
  readonly value: Uint8Array
  /** The encodings of a password to try. */
  readonly candidates: (password: string) => readonly FilePassword[]
  /** Charges a key derivation and runs it. */
  readonly deriveKey: (
    password: FilePassword,
    budget: Pkcs12Budget,
    signal: AbortSignal | undefined,
  ) => Promise<Uint8Array>
}

/**
 * Reads `MacData` (RFC 7292 §4): `SEQUENCE { mac DigestInfo, macSalt OCTET STRING, iterations INTEGER DEFAULT 1 }`.
 *
 * @throws SealwrightError `INVALID_ENCODING`, `UNSUPPORTED_ALGORITHM`, `LIMIT_EXCEEDED`
 */
export function readMac(element: BerElement, budget: Pkcs12Budget): Mac {
  const macData = new SequenceReader(element, 'MacData')
  const digestInfo = macData.sequence('mac')
  const algorithm = digestInfo.sequence('digestAlgorithm')
  const oid = algorithm.objectIdentifier('algorithm')
  const value = digestInfo.octetString('digest')
  digestInfo.end()
  const salt = macData.octetString('macSalt')
  budget.checkSalt(salt, 'the MAC')
  const iterationsField = macData.optional(tags.integer)
  macData.end()
  // PBMAC1 has its own salt and iterations. Those of MacData are ignored (RFC 9879 §4).
  if (oid === pkcs5.pbmac1) return readPbmac1(algorithm.any('parameters'), value, budget)

  const digest = derivationDigests.find((row) => row.oid === oid)
  if (digest === undefined) {
    throw new SealwrightError(
      'UNSUPPORTED_ALGORITHM',
      `the PKCS#12 file has a MAC with ${describeAlgorithm(oid)}; SHA-1, SHA-2 and PBMAC1 are supported`,
    )
  }
  if (value.length !== digest.length) throw malformed('MacData', `has a MAC of ${value.length} bytes`)
  const iterations = iterationsField === null ? 1 : decodeInteger(iterationsField, 'MacData iterations')
  return {
    description: { algorithm: `HMAC-${hashName(digest.name)}`, iterations, weak: digest === sha1 },
    hash: digest.name,
    value,
    candidates: filePasswords,
    deriveKey: async (password, shared, signal) => {
      shared.chargeIterations(iterations, 'the MAC')
      const bytes = bmpPassword(password)
      return deriveKey({ digest, salt, iterations }, purposes.macKey, bytes, digest.length, signal)
    },
  }
}

/** RFC 9879 §9: a shorter key makes the MAC easier to forge. */
const minimumPbmac1KeyLength = 20
const maximumPbmac1KeyLength = 1024

/** PBMAC1-params (RFC 8018 App. A.5): `SEQUENCE { keyDerivationFunc, messageAuthScheme }`, as RFC 9879 narrows them. */
function readPbmac1(element: BerElement, value: Uint8Array, budget: Pkcs12Budget): Mac {
  const source = 'the MAC'
  const parameters = new SequenceReader(element, 'PBMAC1 parameters')
  const derivation = readDerivation(parameters.sequence('keyDerivationFunc'), source, budget)
  const scheme = parameters.sequence('messageAuthScheme')
  parameters.end()
  const { length, name } = hmacHash(scheme.objectIdentifier('algorithm'), source)
  if (value.length !== length) throw malformed('MacData', `has a MAC of ${value.length} bytes`)
  const { keyLength } = derivation
  if (keyLength === null) throw malformed(source, 'has no keyLength, which PBMAC1 requires (RFC 9879)')
  if (keyLength < minimumPbmac1KeyLength || keyLength > maximumPbmac1KeyLength) {
    throw malformed(
      source,
      `has a key of ${keyLength} bytes; ${minimumPbmac1KeyLength} to ${maximumPbmac1KeyLength} are read`,
    )
  }
  derivation.charge(keyLength)
  return {
    description: {
      algorithm: `PBMAC1 with ${derivation.name} and HMAC-${hashName(name)}`,
      iterations: derivation.iterations,
      weak: false,
    },
    hash: name,
    value,
    // PBKDF2 takes UTF-8, which has one encoding of a password.
    candidates: (text) => [usualPassword(text)],
    // Charged above: there is only one candidate.
    deriveKey: async (password, _, signal) => {
      const key = await derivation.derive(password, keyLength)
      signal?.throwIfAborted()
      return key
    },
  }
}

/**
 * Tries the password on the MAC.
 *
 * @param content what the MAC covers: the contents octets of the authSafe's OCTET STRING
 * @returns the password in the writer's encoding; null when the MAC does not verify
 * @throws SealwrightError `INVALID_ENCODING`, `LIMIT_EXCEEDED`; or the signal's reason
 */
export async function verifyMac(
  mac: Mac,
  content: Uint8Array,
  password: string,
  budget: Pkcs12Budget,
  signal?: AbortSignal,
): Promise<FilePassword | null> {
  for (const candidate of mac.candidates(password)) {
    // One at a time: few files need the second.
    // oxlint-disable-next-line no-await-in-loop
    const key = await mac.deriveKey(candidate, budget, signal)
    if (timingSafeEqual(hmac(mac.hash, key, content), mac.value)) return candidate
  }
  return null
}

/** Creates the `MacData` of a content. It works once, because the key is zeroed afterwards. */
type MakeMac = (content: Uint8Array) => MacData

/**
 * Derives the key for a MAC.
 *
 * @internal
 */
export type PrepareMac = (password: FilePassword, salt: Uint8Array, iterations: number) => Promise<MakeMac>

/**
 * HMAC-SHA-256 under a key derived as in RFC 7292 App. B.
 *
 * @internal
 */
export const prepareSha256Mac: PrepareMac = (password, salt, iterations) =>
  prepareMac(sha256, password, salt, iterations)

/**
 * HMAC-SHA-1, for readers that support nothing better.
 *
 * @internal
 */
export const prepareSha1Mac: PrepareMac = (password, salt, iterations) =>
  prepareMac(sha1, password, salt, iterations)

async function prepareMac(
  digest: DerivationDigest,
  password: FilePassword,
  salt: Uint8Array,
  iterations: number,
): Promise<MakeMac> {
  const parameters = { digest, salt, iterations }
  const key = await deriveKey(parameters, purposes.macKey, bmpPassword(password), digest.length)
  return (content) => {
    const mac = new DigestInfo({
      digestAlgorithm: withNull(digest.oid),
      digest: octetString(hmac(digest.name, key, content)),
    })
    // DER leaves out the default, which is 1.
    return new MacData({ mac, macSalt: octetString(salt), ...(iterations !== 1 && { iterations }) })
  }
}

/**
 * PBMAC1 (RFC 9879) with PBKDF2 and HMAC-SHA-256.
 *
 * @internal
 */
export const preparePbmac1: PrepareMac = async (password, salt, iterations) => {
  const { oid, name, length } = hmacSha256
  const key = await derivePbkdf2({ prf: hmacSha256, salt, iterations }, password, length)
  return (content) => {
    const algorithmParams = new Sequence({
      value: [pbkdf2Of(salt, iterations, length).toSchema(), withNull(oid).toSchema()],
    })
    const mac = new DigestInfo({
      digestAlgorithm: new AlgorithmIdentifier({ algorithmId: pkcs5.pbmac1, algorithmParams }),
      digest: octetString(hmac(name, key, content)),
    })
    // RFC 9879 §4: PBMAC1 does not use macSalt and iterations, and this text stands in for the salt.
    return new MacData({ mac, macSalt: octetString(new TextEncoder().encode('NOT USED')) })
  }
}

/** RFC 7292 §5.1. The key is zeroed. */
function hmac(hash: string, key: Uint8Array, content: Uint8Array): Uint8Array {
  try {
    return createHmac(hash, key).update(content).digest()
  } finally {
    key.fill(0)
  }
}
