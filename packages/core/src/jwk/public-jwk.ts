import { createHash, type KeyObject } from 'node:crypto'
import { assertEcKey } from '../algorithms/key-details.ts'
import { SealwrightError } from '../errors.ts'
import { aKeyObject } from '../internal/arguments.ts'

/** The members that identify a public key (RFC 7518 §6; OKP: RFC 8037 §2, AKP: RFC 9964). */
const publicMembers: ReadonlyMap<unknown, readonly string[]> = new Map([
  ['RSA', ['n', 'e']],
  ['EC', ['crv', 'x', 'y']],
  ['OKP', ['crv', 'x']],
  ['AKP', ['alg', 'pub']],
])

/**
 * The RFC 7638 JWK thumbprint of a public key, or of the public half of a private key: SHA-256, base64url, 43
 * characters. Sealwright uses it as `kid`, so that a key has the same `kid` wherever it is kept.
 *
 * @throws SealwrightError `UNSUPPORTED_KEY` for a key that has no JWK form.
 *
 * @example
 * ```ts
 * import { jwkThumbprint } from '@sealwright/core'
 * import { generateKeyPairSync } from 'node:crypto'
 *
 * const { publicKey } = generateKeyPairSync('ed25519')
 * jwkThumbprint(publicKey) // the kid, 43 characters of base64url
 * ```
 */
export function jwkThumbprint(key: KeyObject): string {
  // In the order of their names (RFC 7638 §3.3).
  const members = Object.entries(publicJwk(key)).toSorted(([a], [b]) => (a < b ? -1 : 1))
  return createHash('sha256')
    .update(JSON.stringify(Object.fromEntries(members)))
    .digest('base64url')
}

/** A public key as JWK: RSA `n` and `e`, EC `crv`, `x` and `y`, OKP `crv` and `x`, AKP `alg` and `pub`. Values are base64url. */
export type PublicJwk =
  | { readonly kty: 'RSA'; readonly n: string; readonly e: string }
  | { readonly kty: 'EC'; readonly crv: string; readonly x: string; readonly y: string }
  | { readonly kty: 'OKP'; readonly crv: string; readonly x: string }
  | { readonly kty: 'AKP'; readonly alg: string; readonly pub: string }

/**
 * The public key as JWK (RFC 7517). It has only the members that identify the key, and never a private one.
 *
 * @throws SealwrightError `UNSUPPORTED_KEY` for a key that has no JWK form.
 *
 * @example
 * ```ts
 * import { publicJwk } from '@sealwright/core'
 * import { generateKeyPairSync } from 'node:crypto'
 *
 * const { publicKey } = generateKeyPairSync('ed25519')
 * publicJwk(publicKey) // { kty: 'OKP', crv: 'Ed25519', x: '…' }
 * ```
 */
export function publicJwk(key: KeyObject): PublicJwk {
  aKeyObject('key', key)
  const half = publicHalf(exportJwk(key))
  if (half === null) throw noJwk(key)
  return half
}

/** The public members of a JWK that Node exported or can import; null for an unknown `kty`. */
export function publicHalf(jwk: Readonly<Record<string, unknown>>): PublicJwk | null {
  const members = publicMembers.get(jwk['kty'])
  if (members === undefined) return null
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- Node exports these members of every public key
  return Object.fromEntries(['kty', ...members].map((member) => [member, jwk[member]])) as PublicJwk
}

function exportJwk(key: KeyObject): Readonly<Record<string, unknown>> {
  assertEcKey(key)
  try {
    return { ...key.export({ format: 'jwk' }) }
  } catch (cause) {
    throw noJwk(key, cause)
  }
}

function noJwk(key: KeyObject, cause?: unknown): SealwrightError {
  const type = key.asymmetricKeyType ?? key.type
  return new SealwrightError('UNSUPPORTED_KEY', `a key of type ${type} has no public JWK`, { cause })
}
