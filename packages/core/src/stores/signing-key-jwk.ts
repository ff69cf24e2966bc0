import { createHash } from 'node:crypto'
import { algorithm, listNames } from '../algorithms/table.ts'
import { SealwrightError } from '../errors.ts'
import { aSigningKey, must } from '../internal/arguments.ts'
import { publicJwk, type PublicJwk } from '../jwk/public-jwk.ts'
import type { SigningKey } from './key-store.ts'

/** A signing key as an entry of a JWK Set (RFC 7517 §4). */
export type SigningJwk = PublicJwk & {
  readonly use: 'sig'
  readonly kid: string
  /** Only if it was passed. Without it, verifiers choose among the algorithms of the key type. */
  readonly alg?: string
  /**
   * The certificates, the key's own first, standard base64 of the DER (RFC 7517 §4.7). A new array each time, and not
   * readonly, so that the JWK types of other libraries accept it.
   */
  readonly x5c?: string[]
  /** SHA-1 thumbprint of the key's own certificate, base64url (RFC 7517 §4.8). */
  readonly x5t?: string
  /** SHA-256 thumbprint of the key's own certificate, base64url (RFC 7517 §4.9). */
  readonly 'x5t#S256'?: string
}

/**
 * The public JWK of a signing key, with its certificates and their thumbprints if it has any: an entry of a JWK Set.
 *
 * @param alg the JOSE algorithm to publish, if the key is used with only one
 * @throws SealwrightError `INVALID_ARGUMENT`; `UNSUPPORTED_ALGORITHM` for an `alg` that the key does not support; `UNSUPPORTED_KEY` for a key that
 *   has no JWK form
 *
 * @example
 * ```ts
 * import { signingKeyJwk, type SigningKey } from '@sealwright/core'
 *
 * export function jwks(keys: readonly SigningKey[]) {
 *   return { keys: keys.map((key) => signingKeyJwk(key)) }
 * }
 * ```
 */
export function signingKeyJwk(key: SigningKey, alg?: string): SigningJwk {
  aSigningKey('key', key)
  if (alg !== undefined) checkAlgorithm(key, alg)
  const [certificate] = key.certificates
  return {
    ...publicJwk(key.publicKey),
    use: 'sig',
    kid: key.keyId,
    ...(alg !== undefined && { alg }),
    ...(certificate !== undefined && {
      x5c: key.certificates.map((each) => each.raw.toString('base64')),
      x5t: createHash('sha1').update(certificate.raw).digest('base64url'),
      'x5t#S256': createHash('sha256').update(certificate.raw).digest('base64url'),
    }),
  }
}

/** Verifiers refuse tokens whose `alg` differs from that of the JWK (RFC 7517 §4.4). */
function checkAlgorithm({ keyId, algorithms }: SigningKey, alg: string): void {
  anAlgorithmName('alg', alg)
  const { name } = algorithm(alg)
  if (algorithms.some((each) => each.name === name)) return
  throw new SealwrightError(
    'UNSUPPORTED_ALGORITHM',
    `the key ${keyId} cannot sign with ${name}; it can sign with ${listNames(algorithms)}`,
  )
}

/** Array.map passes the index here. */
const anAlgorithmName = must(
  'a string; with Array.map write (key) => signingKeyJwk(key)',
  (value) => typeof value === 'string',
)
