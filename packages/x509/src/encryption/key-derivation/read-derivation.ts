import { SealwrightError } from '@sealwright/core'
import type { SequenceReader } from '../../asn1/sequence-reader.ts'
import type { Pkcs12Budget } from '../limits.ts'
import { describeAlgorithm } from '../object-identifiers.ts'
import type { PasswordDerivation } from './password-derivation.ts'
import { pbkdf2Oid, readPbkdf2 } from './pbkdf2.ts'
import { readScrypt, scryptOid } from './scrypt.ts'

/**
 * Reads the AlgorithmIdentifier of a key derivation.
 *
 * @param source names the item in messages
 * @throws SealwrightError `INVALID_ENCODING`, `LIMIT_EXCEEDED`, `UNSUPPORTED_ALGORITHM`
 */
export function readDerivation(
  identifier: SequenceReader,
  source: string,
  budget: Pkcs12Budget,
): PasswordDerivation {
  const oid = identifier.objectIdentifier('algorithm')
  const reader = oid === pbkdf2Oid ? readPbkdf2 : oid === scryptOid ? readScrypt : null
  if (reader === null) {
    throw new SealwrightError(
      'UNSUPPORTED_ALGORITHM',
      `${source} derives its key with ${describeAlgorithm(oid)}; PBKDF2 and scrypt are supported`,
    )
  }
  const derivation = reader(identifier.sequence('parameters'), source, budget)
  identifier.end()
  return derivation
}
