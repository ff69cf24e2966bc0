import { isSealwrightError, SealwrightError } from '@sealwright/core'
import { memberOf } from '../json.ts'
import { fetchJson, type JsonAnswer } from './fetch-json.ts'
import { isProtected, shownUrl } from './fetch-text.ts'

/** An issuer's metadata about itself (OpenID Connect Discovery 1.0, RFC 8414). */
export interface IssuerMetadata {
  readonly answer: JsonAnswer
  readonly issuer: string
  readonly jwksUri: string
}

/**
 * Reads the metadata of an issuer: OpenID Connect's, or else RFC 8414's.
 *
 * @throws SealwrightError as `fetchJson`; `INVALID_ENCODING` where the metadata is of another issuer or has no `jwks_uri`
 */
export async function fetchMetadata(issuer: string): Promise<IssuerMetadata> {
  const answer = await fetchMetadataDocument(issuer)
  const named = memberOf(answer.body, 'issuer')
  if (named !== issuer) {
    const slash = typeof named === 'string' && named.replace(/\/$/, '') === issuer.replace(/\/$/, '')
    throw new SealwrightError(
      'INVALID_ENCODING',
      `the metadata at ${shownUrl(answer.url)} is of the issuer ${JSON.stringify(named ?? null)}, not of ${issuer}` +
        (slash ? '; they differ in the slash at the end, which verifiers compare' : ''),
    )
  }
  const jwksUri = jwksUriOf(answer)
  if (jwksUri !== null) return { answer, issuer, jwksUri }
  throw new SealwrightError('INVALID_ENCODING', `the metadata at ${shownUrl(answer.url)} has no jwks_uri`)
}

/**
 * The `jwks_uri` of metadata; null where it has none.
 *
 * @throws SealwrightError `INVALID_ENCODING` for one that is not an https URL
 */
export function jwksUriOf({ body, url }: JsonAnswer): string | null {
  const jwksUri = memberOf(body, 'jwks_uri')
  if (typeof jwksUri !== 'string') return null
  // No file of this machine and no service behind its firewall: the issuer could not read them itself.
  if (isProtected(jwksUri, url.href)) return jwksUri
  throw new SealwrightError(
    'INVALID_ENCODING',
    `the jwks_uri in the metadata at ${shownUrl(url)} is not an https URL`,
  )
}

/**
 * The metadata as it is: OpenID Connect's, or else RFC 8414's.
 *
 * @throws SealwrightError as `fetchJson`
 */
export async function fetchMetadataDocument(issuer: string): Promise<JsonAnswer> {
  const base = issuer.replace(/\/$/, '')
  try {
    return await fetchJson(`${base}/.well-known/openid-configuration`, 'the metadata of the issuer')
  } catch (error) {
    if (!isSealwrightError(error, 'NOT_FOUND')) throw error
    // RFC 8414 §3.1 inserts the well-known path before that of the issuer.
    const { origin, pathname } = new URL(base)
    const path = pathname === '/' ? '' : pathname
    return fetchJson(`${origin}/.well-known/oauth-authorization-server${path}`, 'the metadata of the issuer')
  }
}
