import { createHmac, hash, timingSafeEqual } from 'node:crypto'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { SealwrightError } from '@sealwright/core'
import { decodeInteger, malformed, SequenceReader, tags, type BerElement } from '../asn1/ber.ts'
import { integer, nullValue, objectIdentifier, octetString, sequence, type DerValue } from '../asn1/der.ts'
import type { Pkcs12Budget } from './limits.ts'
import { describeAlgorithm } from './object-identifiers.ts'
import { bmpPassword } from './password.ts'

/** A digest the MAC of a PKCS#12 file can be made with. */
interface MacDigest {
  readonly oid: string
  /** As Node spells it. */
  readonly name: string
  /** `u` of RFC 7292 App. B.2: length of the digest in bytes. */
  readonly length: number
  /** `v` of RFC 7292 App. B.2: length of the digest's input block in bytes. */
  readonly blockLength: number
}

const sha256: MacDigest = { oid: '2.16.840.1.101.3.4.2.1', name: 'sha256', length: 32, blockLength: 64 }

const macDigests: readonly MacDigest[] = [
  { oid: '1.3.14.3.2.26', name: 'sha1', length: 20, blockLength: 64 },
  sha256,
  { oid: '2.16.840.1.101.3.4.2.2', name: 'sha384', length: 48, blockLength: 128 },
  { oid: '2.16.840.1.101.3.4.2.3', name: 'sha512', length: 64, blockLength: 128 },
]

/** A file's MAC with its parameters. */
export interface Mac {
  readonly digest: MacDigest
  readonly salt: Uint8Array
  readonly iterations: number
  readonly value: Uint8Array
}

/**
 * Reads `MacData` (RFC 7292 §4): `SEQUENCE { mac DigestInfo, macSalt OCTET STRING, iterations INTEGER DEFAULT 1 }`. The
 * iterations are not charged yet.
 *
 * @throws SealwrightError `INVALID_ENCODING`, `UNSUPPORTED_ALGORITHM`, `LIMIT_EXCEEDED`
 */
export function readMac(element: BerElement, budget: Pkcs12Budget): Mac {
  const macData = new SequenceReader(element, 'MacData')
  const digestInfo = macData.sequence('mac')
  const oid = digestInfo.sequence('digestAlgorithm').objectIdentifier('algorithm')
  const digest = macDigests.find((row) => row.oid === oid)
  if (digest === undefined) {
    throw new SealwrightError(
      'UNSUPPORTED_ALGORITHM',
      `the PKCS#12 file has a MAC made with ${describeAlgorithm(oid)}; SHA-1, SHA-256, SHA-384 and SHA-512 are read`,
    )
  }
  const value = digestInfo.octetString('digest')
  digestInfo.end()
  if (value.length !== digest.length) throw malformed('MacData', `has a MAC of ${value.length} bytes`)
  const salt = macData.octetString('macSalt')
  budget.checkSalt(salt, 'the MAC')
  const iterations = macData.optional(tags.integer)
  macData.end()
  return {
    digest,
    salt,
    iterations: iterations === null ? 1 : decodeInteger(iterations, 'MacData iterations'),
    value,
  }
}

/**
 * Whether the MAC is that of `content` under `password`.
 *
 * @param content what the MAC covers: the contents octets of the authSafe's OCTET STRING
 * @throws SealwrightError `INVALID_ENCODING`, `LIMIT_EXCEEDED`
 */
export async function verifyMac(
  mac: Mac,
  content: Uint8Array,
  password: string,
  budget: Pkcs12Budget,
): Promise<boolean> {
  const encodings = [bmpPassword(password)]
  // The empty password is 00 00 to some writers, and nothing at all to others, who have no password in mind.
  if (password === '') encodings.push(new Uint8Array())
  for (const encoding of encodings) {
    budget.chargeIterations(mac.iterations, 'the MAC')
    // One after the other: the second is needed for few files.
    // oxlint-disable-next-line no-await-in-loop
    const value = await computeMac(mac.digest, encoding, mac.salt, mac.iterations, content)
    if (timingSafeEqual(value, mac.value)) return true
  }
  return false
}

/** `MacData` with HMAC-SHA-256 over `content`. */
export async function makeMac(
  content: Uint8Array,
  password: string,
  salt: Uint8Array,
  iterations: number,
): Promise<DerValue> {
  const value = await computeMac(sha256, bmpPassword(password), salt, iterations, content)
  const algorithm = sequence(objectIdentifier(sha256.oid), nullValue())
  return sequence(sequence(algorithm, octetString(value)), octetString(salt), integer(iterations))
}

/** HMAC (RFC 7292 §5.1) under a key derived from the password, which is zeroed. */
async function computeMac(
  digest: MacDigest,
  password: Uint8Array,
  salt: Uint8Array,
  iterations: number,
  content: Uint8Array,
): Promise<Uint8Array> {
  const key = await deriveMacKey(digest, password, salt, iterations)
  password.fill(0)
  const value = createHmac(digest.name, key).update(content).digest()
  key.fill(0)
  return value
}

/** The `ID` of RFC 7292 App. B.3 for a key that makes a MAC. */
const macKeyPurpose = 3

/** How long the derivation may hold the event loop, in milliseconds, before others have their turn. */
const sliceMilliseconds = 4
/** Hashes between two looks at the clock: well under a millisecond. */
const hashesPerLook = 250

/**
 * The key derivation of RFC 7292 App. B.2 for a key as long as the digest, where its first round is all of it: the digest,
 * applied `iterations` times, of the purpose, the salt and the password, each repeated to fill whole blocks.
 *
 * Nothing native runs this loop and it can't be split among threads without shipping a worker file, so it is done in slices
 * that leave the event loop free between them. 600,000 iterations of SHA-256 take about 0.4 s.
 */
async function deriveMacKey(
  digest: MacDigest,
  password: Uint8Array,
  salt: Uint8Array,
  iterations: number,
): Promise<Uint8Array> {
  const { name, blockLength } = digest
  const saltLength = wholeBlocks(salt.length, blockLength)
  const input = new Uint8Array(blockLength + saltLength + wholeBlocks(password.length, blockLength))
  input.fill(macKeyPurpose, 0, blockLength)
  fillRepeating(input.subarray(blockLength, blockLength + saltLength), salt)
  fillRepeating(input.subarray(blockLength + saltLength), password)
  let key: Uint8Array = hash(name, input, 'buffer')
  input.fill(0)

  let sliceEnd = performance.now() + sliceMilliseconds
  for (let done = 1; done < iterations; done++) {
    key = hash(name, key, 'buffer')
    if (done % hashesPerLook === 0 && performance.now() > sliceEnd) {
      // Giving up the thread is the point of this loop.
      // oxlint-disable-next-line no-await-in-loop
      await nextTurn()
      sliceEnd = performance.now() + sliceMilliseconds
    }
  }
  return key
}

/** `length` rounded up to whole blocks; nothing stays nothing (RFC 7292 App. B.2, steps 2 and 3). */
function wholeBlocks(length: number, blockLength: number): number {
  return Math.ceil(length / blockLength) * blockLength
}

/** Fills `target` with copies of `pattern`, the last one cut off at the end. */
function fillRepeating(target: Uint8Array, pattern: Uint8Array): void {
  for (let at = 0; at < target.length; at += pattern.length) {
    target.set(pattern.subarray(0, target.length - at), at)
  }
}
