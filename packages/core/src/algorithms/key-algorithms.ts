import type { KeyObject } from 'node:crypto'
import { SealwrightError } from '../errors.ts'
import { aKeyObject } from '../internal/arguments.ts'
import { keyDetails } from './key-details.ts'
import { algorithms, type CurveName, type SignatureAlgorithm } from './table.ts'
import { assertRsaLength, assertUnforgeable } from './weak-keys.ts'

/**
 * The algorithms that a key can sign with, its default first. The `use`, `key_ops` and `alg` of its JWK limit a key from
 * {@link importJwk}.
 *
 * @param key a private or public key
 * @throws SealwrightError `UNSUPPORTED_KEY` for a key that has no JWS algorithm or no JWK form, such as an id-RSASSA-PSS key
 *   (RFC 4055 §1.2); for weak keys: RSA under 2048 bits (RFC 7518 §3.3), with an even public exponent or
 *   one below 3 (RFC 8017 §3.1), with the ROCA weakness (CVE-2017-15361), Ed25519 points of small order, and EC points at
 *   infinity; and for a JWK that is not for signatures
 *
 * @example
 * ```ts
 * import { generateKeyPairSync } from 'node:crypto'
 * import { algorithmsOf } from '@sealwright/core'
 *
 * const { publicKey } = generateKeyPairSync('ed25519')
 * console.log(algorithmsOf(publicKey).map(({ name }) => name)) // [ 'Ed25519', 'EdDSA' ]
 * ```
 */
export function algorithmsOf(key: KeyObject): readonly SignatureAlgorithm[] {
  aKeyObject('key', key)
  const available = algorithmsOfType(key)
  assertUnforgeable(key)
  const limit = limits.get(key)
  return limit === undefined ? available : limit(available)
}

/** Returns the algorithms that a key may be used with, or throws. */
type AlgorithmLimit = (available: readonly SignatureAlgorithm[]) => readonly SignatureAlgorithm[]

/** Kept beside the keys: a KeyObject has no place for a limit. */
const limits = new WeakMap<KeyObject, AlgorithmLimit>()

/** Limits what {@link algorithmsOf} returns for this KeyObject. */
export function limitAlgorithms(key: KeyObject, limit: AlgorithmLimit): void {
  limits.set(key, limit)
}

function algorithmsOfType(key: KeyObject): readonly SignatureAlgorithm[] {
  switch (key.asymmetricKeyType) {
    case 'rsa':
      assertRsaLength(key)
      return algorithms.filter((row) => row.kty === 'RSA')
    case 'ec': {
      const { namedCurve = '' } = keyDetails(key)
      const curve = curveNames[namedCurve]
      if (curve !== undefined) return algorithms.filter((row) => row.curve === curve)
      throw unsupported(
        `the EC key is on the curve ${namedCurve || '(unknown)'}; JWS supports P-256, P-384, P-521 and secp256k1`,
      )
    }
    case 'ed25519':
      return algorithms.filter((row) => row.curve === 'Ed25519')
    default: {
      // Node names these types as JOSE names the algorithms, in lower case.
      const name = key.asymmetricKeyType?.toUpperCase()
      const row = algorithms.find((candidate) => candidate.kty === 'AKP' && candidate.name === name)
      if (row !== undefined) return [row]
      throw unsupported(
        `a key of type ${key.asymmetricKeyType ?? key.type} cannot sign a JWS; RSA (rsaEncryption), EC, Ed25519 and ML-DSA keys can`,
      )
    }
  }
}

/** The JOSE names of curves, by OpenSSL's names in `asymmetricKeyDetails.namedCurve`. */
const curveNames: Readonly<Record<string, CurveName>> = {
  prime256v1: 'P-256',
  secp384r1: 'P-384',
  secp521r1: 'P-521',
  secp256k1: 'secp256k1',
}

function unsupported(message: string): SealwrightError {
  return new SealwrightError('UNSUPPORTED_KEY', message)
}
