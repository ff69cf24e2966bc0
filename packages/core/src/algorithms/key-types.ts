import type { AlgorithmName } from './table.ts'
import { SealwrightError } from '../errors.ts'
import { aString } from '../internal/arguments.ts'

/** The key types that Sealwright can generate, by their names in settings and commands. */
export type KeyTypeName =
  | 'rsa-2048'
  | 'rsa-3072'
  | 'rsa-4096'
  | 'ec-p256'
  | 'ec-p384'
  | 'ec-p521'
  | 'ec-secp256k1'
  | 'ed25519'
  | 'ml-dsa-44'
  | 'ml-dsa-65'
  | 'ml-dsa-87'

/** A key type that Sealwright can generate. */
export interface KeyType {
  /** Its name in settings and commands. */
  readonly name: KeyTypeName
  /** RSA modulus length in bits; null for the others. */
  readonly modulusLength: number | null
  /** The algorithm that keys of this type sign with by default. Its row has the curve and the WebCrypto name. */
  readonly defaultAlgorithm: AlgorithmName
}

/**
 * The key types. ML-DSA needs Node 24.7 or newer. The first is the default: every resource server verifies RS256 (RFC 9068
 * §2.1).
 */
export const keyTypes: readonly KeyType[] = Object.freeze([
  Object.freeze<KeyType>({ name: 'rsa-2048', modulusLength: 2048, defaultAlgorithm: 'RS256' }),
  Object.freeze<KeyType>({ name: 'rsa-3072', modulusLength: 3072, defaultAlgorithm: 'RS256' }),
  Object.freeze<KeyType>({ name: 'rsa-4096', modulusLength: 4096, defaultAlgorithm: 'RS256' }),
  Object.freeze<KeyType>({ name: 'ec-p256', modulusLength: null, defaultAlgorithm: 'ES256' }),
  Object.freeze<KeyType>({ name: 'ec-p384', modulusLength: null, defaultAlgorithm: 'ES384' }),
  Object.freeze<KeyType>({ name: 'ec-p521', modulusLength: null, defaultAlgorithm: 'ES512' }),
  Object.freeze<KeyType>({ name: 'ec-secp256k1', modulusLength: null, defaultAlgorithm: 'ES256K' }),
  Object.freeze<KeyType>({ name: 'ed25519', modulusLength: null, defaultAlgorithm: 'Ed25519' }),
  Object.freeze<KeyType>({ name: 'ml-dsa-44', modulusLength: null, defaultAlgorithm: 'ML-DSA-44' }),
  Object.freeze<KeyType>({ name: 'ml-dsa-65', modulusLength: null, defaultAlgorithm: 'ML-DSA-65' }),
  Object.freeze<KeyType>({ name: 'ml-dsa-87', modulusLength: null, defaultAlgorithm: 'ML-DSA-87' }),
])

/**
 * The key type of that name.
 *
 * @throws SealwrightError `UNSUPPORTED_KEY` for any other string; the message lists the names.
 *
 * @example
 * ```ts
 * import { keyType } from '@sealwright/core'
 *
 * keyType('ec-p256').defaultAlgorithm // ES256
 * ```
 */
export function keyType(name: string): KeyType {
  aString('name', name)
  const row = keyTypes.find((candidate) => candidate.name === name)
  if (row === undefined) {
    throw new SealwrightError(
      'UNSUPPORTED_KEY',
      `unknown key type; use one of ${keyTypes.map((type) => type.name).join(', ')}`,
    )
  }
  return row
}
