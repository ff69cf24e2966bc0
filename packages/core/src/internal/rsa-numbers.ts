/** An unsigned big-endian number. No bytes are zero. */
export function toBigInt(bytes: Uint8Array): bigint {
  return BigInt(`0x0${Buffer.from(bytes).toString('hex')}`)
}

/** The numbers of a private RSA key with two primes, by their names in a JWK (RFC 7518 §6.3). */
export interface RsaNumbers {
  readonly n: bigint
  readonly e: bigint
  readonly d: bigint
  readonly p: bigint
  readonly q: bigint
  readonly dp: bigint
  readonly dq: bigint
  readonly qi: bigint
}

/**
 * Whether the numbers belong to one key (RFC 8017 §3.2); primality is not checked. OpenSSL signs even with numbers that do not belong
 * together. A test signature would show that, but with hostile numbers it takes seconds.
 */
export function areRsaNumbersOfOneKey({ n, e, d, p, q, dp, dq, qi }: RsaNumbers): boolean {
  return (
    p > 1n &&
    q > 1n &&
    p * q === n &&
    (e * d) % (p - 1n) === 1n &&
    (e * d) % (q - 1n) === 1n &&
    d % (p - 1n) === dp &&
    d % (q - 1n) === dq &&
    (q * qi) % p === 1n
  )
}
