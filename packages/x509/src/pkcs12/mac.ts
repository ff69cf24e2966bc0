import { createHmac, hash, timingSafeEqual } from 'node:crypto'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { SealwrightError } from '@sealwright/core'
import { decodeInteger, malformed, SequenceReader, tags, type BerElement } from '../asn1/ber.ts'
import { integer, nullValue, objectIdentifier, octetString, sequence, type DerValue } from '../asn1/der.ts'
import type { Pkcs12Budget } from './limits.ts'
import { describeAlgorithm } from './object-identifiers.ts'
import { bmpPassword } from './password.ts'
import { sha256Chain } from './sha256-chain.ts'

/** A digest the MAC of a PKCS#12 file can be made with. */
interface MacDigest {
  readonly oid: string
  /** As Node spells it. */
  readonly name: string
  /** `u` of RFC 7292 App. B.2: length of the digest in bytes. */
  readonly length: number
  /** `v` of RFC 7292 App. B.2: length of the digest's input block in bytes. */
  readonly blockLength: number
  /** The digest of a digest, `times` times. */
  readonly chain: (digest: Uint8Array, times: number) => Uint8Array
}

const sha256: MacDigest = {
  oid: '2.16.840.1.101.3.4.2.1',
  name: 'sha256',
  length: 32,
  blockLength: 64,
  chain: sha256Chain,
}

const macDigests: readonly MacDigest[] = [
  nativeDigest('1.3.14.3.2.26', 'sha1', 20, 64),
  sha256,
  nativeDigest('2.16.840.1.101.3.4.2.2', 'sha384', 48, 128),
  nativeDigest('2.16.840.1.101.3.4.2.3', 'sha512', 64, 128),
]

function nativeDigest(oid: string, name: string, length: number, blockLength: number): MacDigest {
  const chain: MacDigest['chain'] = (digest, times) => {
    let result = digest
    for (let done = 0; done < times; done++) result = hash(name, result, 'buffer')
    return result
  }
  return { oid, name, length, blockLength, chain }
}

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
    const key = await deriveMacKey(mac.digest, encoding, mac.salt, mac.iterations)
    if (timingSafeEqual(hmac(mac.digest, key, content), mac.value)) return true
  }
  return false
}

/**
 * Derives the key for a MAC with HMAC-SHA-256.
 *
 * @returns makes `MacData` of the content that is given to it; once, for the key is zeroed then
 */
export async function prepareMac(
  password: string,
  salt: Uint8Array,
  iterations: number,
): Promise<(content: Uint8Array) => DerValue> {
  const key = await deriveMacKey(sha256, bmpPassword(password), salt, iterations)
  return (content) => {
    const algorithm = sequence(objectIdentifier(sha256.oid), nullValue())
    const digestInfo = sequence(algorithm, octetString(hmac(sha256, key, content)))
    return sequence(digestInfo, octetString(salt), integer(iterations))
  }
}

/** RFC 7292 §5.1. The key is zeroed. */
function hmac(digest: MacDigest, key: Uint8Array, content: Uint8Array): Uint8Array {
  const value = createHmac(digest.name, key).update(content).digest()
  key.fill(0)
  return value
}

/** The `ID` of RFC 7292 App. B.3 for a key that makes a MAC. */
const macKeyPurpose = 3

/** How long the derivation may hold the event loop, in milliseconds, before others have their turn. */
const sliceMilliseconds = 4
/** Hashes between two looks at the clock: under a millisecond. */
const hashesPerLook = 500

/**
 * The key derivation of RFC 7292 App. B.2 for a key as long as the digest, where its first round is all of it: the digest,
 * applied `iterations` times, of the purpose, the salt and the password, each repeated to fill whole blocks. It is done in
 * slices that leave the event loop free between them: a worker would need a file of its own, which bundlers lose.
 *
 * @param password zeroed
 */
async function deriveMacKey(
  { name, blockLength, chain }: MacDigest,
  password: Uint8Array,
  salt: Uint8Array,
  iterations: number,
): Promise<Uint8Array> {
  const saltLength = wholeBlocks(salt.length, blockLength)
  const input = new Uint8Array(blockLength + saltLength + wholeBlocks(password.length, blockLength))
  input.fill(macKeyPurpose, 0, blockLength)
  fillRepeating(input.subarray(blockLength, blockLength + saltLength), salt)
  fillRepeating(input.subarray(blockLength + saltLength), password)
  let key: Uint8Array = hash(name, input, 'buffer')
  input.fill(0)
  password.fill(0)

  let sliceEnd = performance.now() + sliceMilliseconds
  for (let left = iterations - 1; left > 0; left -= hashesPerLook) {
    key = chain(key, Math.min(left, hashesPerLook))
    if (performance.now() > sliceEnd) {
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
