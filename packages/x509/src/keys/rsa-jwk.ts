import type { JsonWebKey } from 'node:crypto'
import { toBigInt } from '@sealwright/core/internal'
import { malformed } from '../asn1/ber.ts'
import { itemLimitExceeded } from '../limits.ts'
import type { KeyLimits } from './key-limits.ts'

/** The numbers of a private RSA key that can be computed from the others (RFC 7518 §6.3.2). */
const computable = ['p', 'q', 'dp', 'dq', 'qi'] as const
/** NIST SP 800-56B, section 6.2.1. */
const maximumExponentLength = 256

/** The numbers that a private RSA key lacks: some libraries keep only n, e and d. OpenSSL wants them all. */
export function missingRsaNumbers(jwk: JsonWebKey): readonly string[] {
  return computable.filter((name) => jwk[name] === undefined)
}

/**
 * Computes what {@link missingRsaNumbers} names. Takes some milliseconds for the largest key.
 *
 * @param jwk untrusted, with n, e and d
 * @param source for messages
 * @throws SealwrightError `INVALID_ENCODING` where the numbers are not those of one key, `LIMIT_EXCEEDED`
 */
export function completeRsaJwk(jwk: JsonWebKey, source: string, { rsaModulusBits }: KeyLimits): JsonWebKey {
  const [n, e, d] = [numberOf(jwk.n), numberOf(jwk.e), numberOf(jwk.d)]
  if (bitLength(n) > rsaModulusBits) {
    throw itemLimitExceeded(`${source} has ${bitLength(n)} bits`, rsaModulusBits, 'rsaModulusBits')
  }
  const given: readonly [bigint, bigint] = [numberOf(jwk.p), numberOf(jwk.q)]
  // A factor of 1 would be divided by below.
  const isFactored = given[0] > 1n && given[1] > 1n && given[0] * given[1] === n
  const primes = isFactored ? given : primesOf(n, e, d)
  if (primes === null) {
    throw malformed(
      source,
      `lacks ${missingRsaNumbers(jwk).join(', ')} (RFC 7518 §6.3.2), and n, e and d are not those of one key`,
    )
  }
  const [p, q] = primes
  return {
    ...jwk,
    p: toBase64url(p),
    q: toBase64url(q),
    dp: toBase64url(d % (p - 1n)),
    dq: toBase64url(d % (q - 1n)),
    qi: toBase64url(inverse(q, p)),
  }
}

/** NIST SP 800-56B rev. 2, appendix C.2. Null where there are no such primes. */
function primesOf(n: bigint, e: bigint, d: bigint): readonly [bigint, bigint] | null {
  if (n < 15n || e < 3n || d < 3n || d >= n || bitLength(e) > maximumExponentLength) return null
  const k = e * d - 1n
  const a = k * greatestCommonDivisor(n - 1n, k)
  const m = a / n
  const r = a - m * n
  if ((n - r) % (m + 1n) !== 0n) return null
  const b = (n - r) / (m + 1n) + 1n
  const square = b * b - 4n * n
  if (square <= 0n) return null
  const root = squareRoot(square)
  const [p, q] = [(b + root) / 2n, (b - root) / 2n]
  return p * q === n && q > 1n ? [p, q] : null
}

function greatestCommonDivisor(a: bigint, b: bigint): bigint {
  let [x, y] = [a, b]
  while (y !== 0n) [x, y] = [y, x % y]
  return x
}

/** Newton's method, from above. */
function squareRoot(value: bigint): bigint {
  let root = 1n << BigInt(Math.ceil(bitLength(value) / 2))
  for (;;) {
    const next = (root + value / root) >> 1n
    if (next >= root) return root
    root = next
  }
}

/** Of numbers without a common divisor. */
function inverse(value: bigint, modulus: bigint): bigint {
  let [r0, r1, s0, s1] = [modulus, value % modulus, 0n, 1n]
  while (r1 !== 0n) {
    const quotient = r0 / r1
    ;[r0, r1] = [r1, r0 - quotient * r1]
    ;[s0, s1] = [s1, s0 - quotient * s1]
  }
  return ((s0 % modulus) + modulus) % modulus
}

function bitLength(value: bigint): number {
  return value === 0n ? 0 : value.toString(2).length
}

/** Zero for an absent number. */
function numberOf(base64url = ''): bigint {
  return toBigInt(Buffer.from(base64url, 'base64url'))
}

function toBase64url(value: bigint): string {
  const hex = value.toString(16)
  return Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, 'hex').toString('base64url')
}
