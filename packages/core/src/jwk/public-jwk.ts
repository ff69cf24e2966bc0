import { createHash, type JsonWebKey, type KeyObject } from 'node:crypto'
import { SealwrightError } from '../errors.ts'
import { aKeyObject } from '../internal/arguments.ts'

/** The members that identify a key, in the order RFC 7638 §3.2 hashes them (OKP: RFC 8037 §2, AKP: RFC 9964). */
const requiredMembers: Readonly<Record<string, readonly string[]>> = {
  AKP: ['alg', 'kty', 'pub'],
  EC: ['crv', 'kty', 'x', 'y'],
  OKP: ['crv', 'kty', 'x'],
  RSA: ['e', 'kty', 'n'],
}

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
  const jwk: Readonly<Record<string, unknown>> = { ...publicJwk(key) }
  const members = requiredMembers[String(jwk['kty'])] ?? []
  return createHash('sha256')
    .update(JSON.stringify(Object.fromEntries(members.map((member) => [member, jwk[member]]))))
    .digest('base64url')
}

/** A public key as JWK: RSA `n` and `e`, EC `crv`, `x` and `y`, OKP `crv` and `x`, AKP `alg` and `pub`. Values are base64url. */
export type PublicJwk =
  | { readonly kty: 'RSA'; readonly n: string; readonly e: string }
  | { readonly kty: 'EC'; readonly crv: string; readonly x: string; readonly y: string }
  | { readonly kty: 'OKP'; readonly crv: string; readonly x: string }
  | { readonly kty: 'AKP'; readonly alg: string; readonly pub: string }

/**
 * The public half of a key as JWK (RFC 7517), only the members that identify it; never a private one.
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
  const jwk = exportJwk(key)
  const { kty, n, e, crv, x, y } = jwk
  if (kty === 'RSA' && n !== undefined && e !== undefined) return { kty, n, e }
  if (kty === 'EC' && crv !== undefined && x !== undefined && y !== undefined) return { kty, crv, x, y }
  if (kty === 'OKP' && crv !== undefined && x !== undefined) return { kty, crv, x }
  // RFC 9964. Node's types have these members not yet.
  const { alg, pub }: Readonly<Record<string, unknown>> = { ...jwk }
  if (kty === 'AKP' && typeof alg === 'string' && typeof pub === 'string') return { kty, alg, pub }
  throw new SealwrightError(
    'UNSUPPORTED_KEY',
    `a key of type ${key.asymmetricKeyType ?? key.type} has no public JWK`,
  )
}

function exportJwk(key: KeyObject): JsonWebKey {
  try {
    return key.export({ format: 'jwk' })
  } catch (cause) {
    throw new SealwrightError(
      'UNSUPPORTED_KEY',
      `a key of type ${key.asymmetricKeyType ?? key.type} has no JWK form`,
      { cause },
    )
  }
}
