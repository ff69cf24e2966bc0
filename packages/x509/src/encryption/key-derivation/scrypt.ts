import { scrypt, type ScryptOptions } from 'node:crypto'
import { promisify } from 'node:util'
import { malformed, tags } from '../../asn1/ber.ts'
import { type SequenceReader } from '../../asn1/sequence-reader.ts'
import { decodeInteger } from '../../asn1/values.ts'
import type { PasswordDerivation } from './password-derivation.ts'
import type { Pkcs12Budget } from '../limits.ts'
import { passwordBytes } from '../password.ts'

export const scryptOid = '1.3.6.1.4.1.11591.4.11'

const deriveInThread = promisify<Uint8Array, Uint8Array, number, ScryptOptions, Uint8Array>(scrypt)

/**
 * Reads scrypt-params (RFC 7914 §7.1), as `openssl pkcs8 -scrypt` writes them: `SEQUENCE { salt OCTET STRING, costParameter
 * INTEGER, blockSize INTEGER, parallelizationParameter INTEGER, keyLength INTEGER OPTIONAL }`.
 *
 * @param source names the item in messages
 * @throws SealwrightError `INVALID_ENCODING`, `LIMIT_EXCEEDED`
 */
export function readScrypt(
  parameters: SequenceReader,
  source: string,
  budget: Pkcs12Budget,
): PasswordDerivation {
  const salt = parameters.octetString('salt')
  budget.checkSalt(salt, source)
  const N = parameters.integer('costParameter')
  const r = parameters.integer('blockSize')
  const p = parameters.integer('parallelizationParameter')
  const keyLength = parameters.optional(tags.integer)
  parameters.end()
  // RFC 7914 §2: N is a power of two below 2^(128·r/8).
  if (N < 2 || !Number.isInteger(Math.log2(N)) || r < 1 || p < 1 || N >= 2 ** (16 * r)) {
    throw malformed(source, `has invalid scrypt parameters: N=${N}, r=${r}, p=${p}`)
  }
  // A product of three 32-bit numbers may be inexact, but it is still too large.
  const memory = 128 * r * (N + p)
  budget.checkScryptMemory(memory, source)
  // One of the N·r·p block mixes takes about as long as an iteration of PBKDF2.
  const iterations = N * r * p
  return {
    name: `scrypt (N=${N}, r=${r}, p=${p})`,
    iterations,
    keyLength: keyLength === null ? null : decodeInteger(keyLength, `${source} scrypt keyLength`),
    charge: () => budget.chargeIterations(iterations, source),
    derive: async (password, length) => {
      const bytes = passwordBytes(password)
      try {
        return await deriveInThread(bytes, salt, length, { N, r, p, maxmem: 2 * memory + 2 ** 20 })
      } finally {
        bytes.fill(0)
      }
    },
  }
}
