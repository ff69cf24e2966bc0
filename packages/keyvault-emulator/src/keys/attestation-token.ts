import { createPublicKey, type JsonWebKey, type KeyObject } from 'node:crypto'
import { verifyJwt } from '../identity/jwt.ts'
import { isJsonObject, type JsonObject } from '../protocol/body.ts'
import { EmulatorError } from '../protocol/errors.ts'
import type { ReleaseSettings } from '../vault/operation.ts'
import { normalizedAuthority } from './release-policy.ts'

/** A JWK Set, as an attestation authority publishes it (RFC 7517 §5). */
export interface AttestationKeys {
  /** RSA keys. */
  readonly keys: readonly JsonWebKey[]
}

/** The keys of each authority as release takes them. @throws EmulatorError for a key that is not an RSA key */
export function attestationAuthorities(
  option: Readonly<Record<string, AttestationKeys>> = {},
): ReleaseSettings['authorities'] {
  return new Map(
    Object.entries(option).map(([url, { keys }]) => [
      normalizedAuthority(url),
      keys.map((jwk) => rsaKey(jwk) ?? invalidKey(url)),
    ]),
  )
}

function invalidKey(url: string): never {
  throw new EmulatorError(`the attestation authority ${url} has a key that is not an RSA public key as a JWK`)
}

/** The token of an environment that an authority vouches for. */
export interface Attestation {
  /** The URL of the authority, without a slash at its end. */
  readonly issuer: string
  readonly claims: JsonObject
}

/**
 * The claims of an attestation token, if one of its issuer's keys signed it (RS256 or PS256) and its time has come and
 * not passed; else null.
 *
 * @param now in seconds since the epoch
 */
export function verifyAttestation(
  token: string,
  issuer: string,
  authorities: ReleaseSettings['authorities'],
  now: number,
): Attestation | null {
  for (const key of authorities.get(issuer) ?? []) {
    const claims = verifyJwt(token, key)
    if (claims === null) continue
    const { iss, exp, nbf = 0 } = claims
    const isIssuer = typeof iss === 'string' && normalizedAuthority(iss) === issuer
    const isCurrent = typeof exp === 'number' && now < exp && typeof nbf === 'number' && nbf <= now
    return isIssuer && isCurrent ? { issuer, claims } : null
  }
  return null
}

const smallestWrappingKey = 2048

/** The key in the attested environment that a released key is encrypted to; null if there is none. */
export function wrappingKeyOf({
  claims,
}: Attestation): { readonly kid: unknown; readonly key: KeyObject } | null {
  const runtime = claims['x-ms-runtime']
  const keys = isJsonObject(runtime) && Array.isArray(runtime['keys']) ? (runtime['keys'] as unknown[]) : []
  for (const jwk of keys) {
    if (!isJsonObject(jwk) || !canEncrypt(jwk)) continue
    const key = rsaKey(jwk)
    if ((key?.asymmetricKeyDetails?.modulusLength ?? 0) >= smallestWrappingKey && key !== null) {
      return { kid: jwk['kid'], key }
    }
  }
  return null
}

/** Whether neither `use` nor `key_ops` (RFC 7517 §4.2, §4.3) forbids encryption. */
function canEncrypt({ use, key_ops: operations }: JsonObject): boolean {
  if (Array.isArray(operations)) return operations.includes('encrypt') || operations.includes('wrapKey')
  return use === undefined || use === 'enc'
}

function rsaKey({
  kty,
  n,
  e,
}: {
  readonly kty?: unknown
  readonly n?: unknown
  readonly e?: unknown
}): KeyObject | null {
  if (kty !== 'RSA' || typeof n !== 'string' || typeof e !== 'string') return null
  try {
    return createPublicKey({ key: { kty, n, e }, format: 'jwk' })
  } catch {
    return null
  }
}
