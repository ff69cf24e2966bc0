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

/**
 * The keys of each authority as release takes them.
 *
 * @throws EmulatorError for a URL without https, a duplicate URL, and anything but a JWK Set of RSA keys
 */
export function attestationAuthorities(
  option: Readonly<Record<string, AttestationKeys>> = {},
): ReleaseSettings['authorities'] {
  const authorities = new Map<string, readonly KeyObject[]>()
  for (const [url, set] of Object.entries<unknown>(option)) {
    const issuer = normalizedAuthority(url)
    if (!issuer.startsWith('https://')) throw invalid(url, 'is not an https URL')
    if (authorities.has(issuer)) throw invalid(url, 'is given twice, with and without a slash at its end')
    const keys: unknown = isJsonObject(set) ? set['keys'] : undefined
    if (!Array.isArray(keys)) throw invalid(url, 'has no JWK Set; { keys: [...] } is expected')
    authorities.set(
      issuer,
      keys.map((jwk: unknown) => {
        const key = isJsonObject(jwk) ? rsaKey(jwk) : null
        if (key === null) throw invalid(url, 'has a key that is not an RSA public key as a JWK')
        return key
      }),
    )
  }
  return authorities
}

function invalid(url: string, why: string): EmulatorError {
  return new EmulatorError(`the attestation authority ${url} ${why}`)
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

/** The key in the attested environment that a released key is encrypted to; null if absent. */
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
