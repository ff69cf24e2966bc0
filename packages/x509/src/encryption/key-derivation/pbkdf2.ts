import { pbkdf2 } from 'node:crypto'
import { promisify } from 'node:util'
import { SealwrightError } from '@sealwright/core'
import { tags, type BerElement } from '../../asn1/ber.ts'
import { SequenceReader } from '../../asn1/sequence-reader.ts'
import { decodeInteger, decodeOctetString } from '../../asn1/values.ts'
import { AlgorithmIdentifier, PBKDF2Params } from 'pkijs'
import { withNull } from '../../signing/algorithm-identifiers.ts'
import { octetString } from '../../asn1/encode.ts'
import type { PasswordDerivation } from './password-derivation.ts'
import type { Pkcs12Budget } from '../limits.ts'
import { describeAlgorithm } from '../object-identifiers.ts'
import { passwordBytes, type FilePassword } from '../password.ts'

/** A hash under HMAC, as the PRF of PBKDF2 (RFC 8018 App. B.1.2) and as the MAC of PBMAC1 (App. B.3). */
interface HmacHash {
  readonly oid: string
  /** As Node spells it. */
  readonly name: string
  /** Length of the hash in bytes. */
  readonly length: number
}

const hmacSha1: HmacHash = { oid: '1.2.840.113549.2.7', name: 'sha1', length: 20 }
export const hmacSha256: HmacHash = { oid: '1.2.840.113549.2.9', name: 'sha256', length: 32 }

const hmacHashes: readonly HmacHash[] = [
  hmacSha1,
  { oid: '1.2.840.113549.2.8', name: 'sha224', length: 28 },
  hmacSha256,
  { oid: '1.2.840.113549.2.10', name: 'sha384', length: 48 },
  { oid: '1.2.840.113549.2.11', name: 'sha512', length: 64 },
  { oid: '1.2.840.113549.2.12', name: 'sha512-224', length: 28 },
  { oid: '1.2.840.113549.2.13', name: 'sha512-256', length: 32 },
]

/**
 * The HMAC of that OID.
 *
 * @param source names the item in messages
 * @throws SealwrightError `UNSUPPORTED_ALGORITHM`
 */
export function hmacHash(oid: string, source: string): HmacHash {
  const row = hmacHashes.find((candidate) => candidate.oid === oid)
  if (row === undefined) {
    throw new SealwrightError(
      'UNSUPPORTED_ALGORITHM',
      `${source} uses ${describeAlgorithm(oid)} as its HMAC; HMAC with SHA-1 and SHA-2 is supported`,
    )
  }
  return row
}

/**
 * The usual spelling of a hash: SHA-1, SHA-256, SHA-512/256.
 *
 * @param name as Node spells it
 */
export function hashName(name: string): string {
  return name.replace('sha', 'SHA-').replace('512-', '512/')
}

export interface Pbkdf2Parameters {
  readonly prf: HmacHash
  readonly salt: Uint8Array
  readonly iterations: number
}

/**
 * Reads PBKDF2-params (RFC 8018 App. A.2): `SEQUENCE { salt CHOICE { OCTET STRING, AlgorithmIdentifier }, iterationCount
 * INTEGER, keyLength INTEGER OPTIONAL, prf AlgorithmIdentifier DEFAULT hmacWithSHA1 }`.
 *
 * @param source names the item in messages
 * @throws SealwrightError `INVALID_ENCODING`, `LIMIT_EXCEEDED`, `UNSUPPORTED_ALGORITHM`
 */
export function readPbkdf2(
  parameters: SequenceReader,
  source: string,
  budget: Pkcs12Budget,
): PasswordDerivation {
  // No known writer uses the other form of the salt, an AlgorithmIdentifier.
  const salt = decodeOctetString(parameters.any('salt'), tags.octetString, `${source} PBKDF2 salt`)
  budget.checkSalt(salt, source)
  const iterations = parameters.integer('iterationCount')
  const keyLength = parameters.optional(tags.integer)
  const prf = readPrf(parameters.optional(tags.sequence), source)
  parameters.end()
  return {
    name: `PBKDF2-HMAC-${hashName(prf.name)}`,
    iterations,
    keyLength: keyLength === null ? null : decodeInteger(keyLength, `${source} PBKDF2 keyLength`),
    // RFC 8018 §5.2: the iterations run once for each hash-sized block of the key.
    charge: (length) => budget.chargeIterations(iterations, source, Math.ceil(length / prf.length)),
    derive: (password, length) => derivePbkdf2({ prf, salt, iterations }, password, length),
  }
}

function readPrf(element: BerElement | null, source: string): HmacHash {
  if (element === null) return hmacSha1
  return hmacHash(new SequenceReader(element, `${source} PBKDF2 prf`).objectIdentifier('algorithm'), source)
}

/** @returns AlgorithmIdentifier of PBKDF2 with HMAC-SHA-256 */
export function pbkdf2Of(
  salt: Uint8Array,
  iterationCount: number,
  keyLength: number | null,
): AlgorithmIdentifier {
  const parameters = new PBKDF2Params({
    salt: octetString(salt),
    iterationCount,
    ...(keyLength !== null && { keyLength }),
    prf: withNull(hmacSha256.oid),
  })
  return new AlgorithmIdentifier({ algorithmId: pbkdf2Oid, algorithmParams: parameters.toSchema() })
}

export const pbkdf2Oid = '1.2.840.113549.1.5.12'
const deriveInThread = promisify(pbkdf2)

/**
 * Derives a key in libuv's threads. Node's own function is used, because WebCrypto's lacks half of the hashes.
 *
 * @returns a new array of `length` bytes; the caller zeroes it after use
 */
export async function derivePbkdf2(
  { prf, salt, iterations }: Pbkdf2Parameters,
  password: FilePassword,
  length: number,
): Promise<Uint8Array> {
  const bytes = passwordBytes(password)
  try {
    return await deriveInThread(bytes, salt, iterations, length, prf.name)
  } finally {
    bytes.fill(0)
  }
}
