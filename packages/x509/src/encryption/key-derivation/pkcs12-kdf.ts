import { hash } from 'node:crypto'
import { TimeSlices } from '../../time-slices.ts'
import { sha1Chain } from './sha1-chain.ts'
import { sha256Chain } from './sha256-chain.ts'

/** A digest that keys are derived with as in RFC 7292 App. B.2. */
export interface DerivationDigest {
  readonly oid: string
  /** As Node spells it. */
  readonly name: string
  /** `u` of App. B.2: length of the digest in bytes. */
  readonly length: number
  /** `v` of App. B.2: length of the digest's input block in bytes. */
  readonly blockLength: number
  /** The digest of a digest, `times` times. */
  readonly chain: (digest: Uint8Array, times: number) => Uint8Array
}

export const sha1: DerivationDigest = {
  oid: '1.3.14.3.2.26',
  name: 'sha1',
  length: 20,
  blockLength: 64,
  chain: sha1Chain,
}
export const sha256: DerivationDigest = {
  oid: '2.16.840.1.101.3.4.2.1',
  name: 'sha256',
  length: 32,
  blockLength: 64,
  chain: sha256Chain,
}

export const derivationDigests: readonly DerivationDigest[] = [
  sha1,
  nativeDigest('2.16.840.1.101.3.4.2.4', 'sha224', 28, 64),
  sha256,
  nativeDigest('2.16.840.1.101.3.4.2.2', 'sha384', 48, 128),
  nativeDigest('2.16.840.1.101.3.4.2.3', 'sha512', 64, 128),
]

/** Only for {@link derivePbkdf1}: a MAC with MD5 proves nothing. */
export const md5: DerivationDigest = nativeDigest('1.2.840.113549.2.5', 'md5', 16, 64)

function nativeDigest(oid: string, name: string, length: number, blockLength: number): DerivationDigest {
  const chain: DerivationDigest['chain'] = (digest, times) => {
    let result = digest
    for (let done = 0; done < times; done++) result = hash(name, result, 'buffer')
    return result
  }
  return { oid, name, length, blockLength, chain }
}

/** The `ID` of RFC 7292 App. B.3: what the derived bytes are for. */
export const purposes = { encryptionKey: 1, initialisationVector: 2, macKey: 3 } as const

export interface DerivationParameters {
  readonly digest: DerivationDigest
  readonly salt: Uint8Array
  readonly iterations: number
}

/** How often the iterations run: once for each digest-sized block of derived bytes. */
export function derivationRounds(digest: DerivationDigest, length: number): number {
  return Math.ceil(length / digest.length)
}

/**
 * The key derivation of RFC 7292 App. B.2, in {@link TimeSlices}.
 *
 * @param purpose one of {@link purposes}
 * @param password from `bmpPassword`; zeroed
 * @param length of the key in bytes
 * @returns a new array; the caller zeroes it after use
 * @throws the signal's reason
 */
export async function deriveKey(
  { digest, salt, iterations }: DerivationParameters,
  purpose: number,
  password: Uint8Array,
  length: number,
  signal?: AbortSignal,
): Promise<Uint8Array> {
  const { blockLength } = digest
  const saltLength = wholeBlocks(salt.length, blockLength)
  // D ‖ I of steps 1 to 5.
  const input = new Uint8Array(blockLength + saltLength + wholeBlocks(password.length, blockLength))
  input.fill(purpose, 0, blockLength)
  fillRepeating(input.subarray(blockLength, blockLength + saltLength), salt)
  fillRepeating(input.subarray(blockLength + saltLength), password)
  password.fill(0)
  const key = new Uint8Array(length)
  try {
    for (let at = 0; at < length; at += digest.length) {
      // Each round starts from the input that the round before left.
      // oxlint-disable-next-line no-await-in-loop
      const round = await digestRepeatedly(digest, input, iterations, signal)
      key.set(round.subarray(0, length - at), at)
      addToBlocks(input.subarray(blockLength), round, blockLength)
      round.fill(0)
    }
  } finally {
    input.fill(0)
  }
  return key
}

/**
 * PBKDF1 (RFC 8018 §5.1), in {@link TimeSlices}.
 *
 * @param password from `passwordBytes`; zeroed
 * @returns as many bytes as the digest has; the caller zeroes them after use
 * @throws the signal's reason, or Node's error for MD5 in FIPS mode
 */
export async function derivePbkdf1(
  { digest, salt, iterations }: DerivationParameters,
  password: Uint8Array,
  signal?: AbortSignal,
): Promise<Uint8Array> {
  const input = new Uint8Array(password.length + salt.length)
  input.set(password)
  input.set(salt, password.length)
  password.fill(0)
  try {
    return await digestRepeatedly(digest, input, iterations, signal)
  } finally {
    input.fill(0)
  }
}

/** Hashes between two checks of the clock. They take less than a millisecond. */
const hashesPerLook = 500

/** The digest, applied `iterations` times. */
async function digestRepeatedly(
  { name, chain }: DerivationDigest,
  input: Uint8Array,
  iterations: number,
  signal: AbortSignal | undefined,
): Promise<Uint8Array> {
  let result: Uint8Array = hash(name, input, 'buffer')
  const slices = new TimeSlices(signal)
  for (let left = iterations - 1; left > 0; left -= hashesPerLook) {
    // The loop yields to the event loop on purpose.
    // oxlint-disable-next-line no-await-in-loop
    await slices.pause()
    result = chain(result, Math.min(left, hashesPerLook))
  }
  return result
}

/**
 * Steps 6B and 6C: adds the round, repeated to fill a block, and one to every block of the input, modulo 2^(8·blockLength).
 */
function addToBlocks(input: Uint8Array, round: Uint8Array, blockLength: number): void {
  const addend = new Uint8Array(blockLength)
  fillRepeating(addend, round)
  for (let start = 0; start < input.length; start += blockLength) {
    let carry = 1
    for (let index = blockLength - 1; index >= 0; index--) {
      const sum = (input[start + index] ?? 0) + (addend[index] ?? 0) + carry
      input[start + index] = sum & 0xff
      carry = sum >> 8
    }
  }
  addend.fill(0)
}

/** `length` rounded up to whole blocks; zero stays zero (steps 2 and 3). */
function wholeBlocks(length: number, blockLength: number): number {
  return Math.ceil(length / blockLength) * blockLength
}

/** Fills `target` with copies of `pattern`, the last one cut off at the end. */
function fillRepeating(target: Uint8Array, pattern: Uint8Array): void {
  for (let at = 0; at < target.length; at += pattern.length) {
    target.set(pattern.subarray(0, target.length - at), at)
  }
}
