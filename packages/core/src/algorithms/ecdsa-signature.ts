import { SealwrightError } from '../errors.ts'
import { aWholeNumber, bytes } from '../internal/arguments.ts'

/**
 * Converts an ECDSA signature from DER (`Ecdsa-Sig-Value`, RFC 3279 §2.2.3: X.509 and OpenSSL) to the concatenation
 * R‖S that JWS (RFC 7518 §3.4) and Key Vault use. It is strict: it accepts only the DER encoding of two positive integers that
 * fit the length.
 *
 * @param der the whole signature; nothing may follow it
 * @param coordinateLength length of R and of S in bytes: 32 for P-256 and secp256k1, 48 for P-384, 66 for P-521
 * @returns a new array of twice `coordinateLength` bytes
 * @throws SealwrightError `INVALID_ENCODING`
 *
 * @example
 * ```ts
 * import { ecdsaSignatureFromDer } from '@sealwright/core'
 * import { createSign, generateKeyPairSync } from 'node:crypto'
 *
 * const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
 * const der = createSign('sha256').update('data').sign(privateKey)
 * const signature = ecdsaSignatureFromDer(der, 32) // 64 bytes, R‖S
 * ```
 */
export function ecdsaSignatureFromDer(der: Uint8Array, coordinateLength: number): Uint8Array {
  assertArguments('der', der, coordinateLength)
  // A Buffer, as RSA and Ed25519 signatures are: encoding it as base64url then needs no second view of it.
  const signature = Buffer.alloc(2 * coordinateLength)
  // SEQUENCE; its length has one byte, or two (0x81 n) from 128 on, which only P-521 reaches.
  const longForm = der[1] === 0x81
  const start = longForm ? 3 : 2
  const length = longForm ? der[2] : der[1]
  if (
    der[0] !== 0x30 ||
    length === undefined ||
    length !== der.length - start ||
    (longForm ? length < 0x80 : length >= 0x80)
  ) {
    throw malformed('is not a single DER SEQUENCE')
  }
  const afterR = copyInteger(der, start, signature, coordinateLength)
  const afterS = copyInteger(der, afterR, signature, 2 * coordinateLength)
  if (afterS !== der.length) throw malformed('has bytes after S')
  return signature
}

/**
 * Converts an ECDSA signature from R‖S (RFC 7518 §3.4) to DER (`Ecdsa-Sig-Value`, RFC 3279 §2.2.3).
 *
 * @param signature R and S, each padded with leading zeros to `coordinateLength` bytes
 * @param coordinateLength length of R and of S in bytes
 * @throws SealwrightError `INVALID_ENCODING` when the length is wrong or R or S is zero
 *
 * @example
 * ```ts
 * import { ecdsaSignatureToDer } from '@sealwright/core'
 *
 * const der = ecdsaSignatureToDer(new Uint8Array(64).fill(1), 32)
 * ```
 */
export function ecdsaSignatureToDer(signature: Uint8Array, coordinateLength: number): Uint8Array {
  assertArguments('signature', signature, coordinateLength)
  if (signature.length !== 2 * coordinateLength) {
    throw malformed(`has ${signature.length} bytes; R‖S has ${2 * coordinateLength}`)
  }
  const r = encodeInteger(signature.subarray(0, coordinateLength))
  const s = encodeInteger(signature.subarray(coordinateLength))
  const length = r.length + s.length
  const header = length < 0x80 ? [0x30, length] : [0x30, 0x81, length]
  return Uint8Array.of(...header, ...r, ...s)
}

/** Cheap if both are valid: this runs for every signature. */
function assertArguments(name: string, signature: Uint8Array, coordinateLength: number): void {
  if (!(signature instanceof Uint8Array)) bytes(name, signature)
  if (!Number.isInteger(coordinateLength) || coordinateLength < 1 || coordinateLength > longestCoordinate) {
    aCoordinateLength('coordinateLength', coordinateLength)
  }
}

/** R and S of P-521, in bytes. */
const longestCoordinate = 66
const aCoordinateLength = aWholeNumber(1, longestCoordinate, 'bytes')

/** Copies the INTEGER at `offset` right-aligned so that it ends at `end`; returns the offset after it. */
function copyInteger(der: Uint8Array, offset: number, target: Uint8Array, end: number): number {
  const length = der[offset + 1] ?? 0
  let first = offset + 2
  const next = first + length
  // At most 67 bytes for P-521, so a length in long form is never the shortest encoding.
  if (der[offset] !== 0x02 || length === 0 || length >= 0x80 || next > der.length) {
    throw malformed('holds something other than two INTEGERs')
  }
  const head = der[first] ?? 0
  if (head >= 0x80) throw malformed('holds a negative INTEGER')
  if (head === 0) {
    if (length === 1) throw malformed('holds a zero')
    if ((der[first + 1] ?? 0) < 0x80) throw malformed('holds an INTEGER with an unnecessary leading zero')
    first += 1
  }
  const coordinateLength = target.length / 2
  if (next - first > coordinateLength) {
    throw malformed(`holds an INTEGER of ${next - first} bytes; at most ${coordinateLength} fit`)
  }
  // For 32 bytes a loop is faster than subarray and set.
  for (let from = next - 1, to = end - 1; from >= first; from--, to--) target[to] = der[from] ?? 0
  return next
}

function encodeInteger(value: Uint8Array): number[] {
  let first = 0
  while (first < value.length && value[first] === 0) first++
  if (first === value.length) throw malformed('holds a zero')
  const content = [...value.subarray(first)]
  if ((content[0] ?? 0) >= 0x80) content.unshift(0)
  return [0x02, content.length, ...content]
}

/** @param problem completes the sentence "the ECDSA signature …" */
function malformed(problem: string): SealwrightError {
  return new SealwrightError('INVALID_ENCODING', `the ECDSA signature ${problem}`)
}
