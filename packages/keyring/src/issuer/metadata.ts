import { SealwrightError } from '@sealwright/core'
import { isSecureUrl } from '@sealwright/core/internal'

/** The paths of the documents, below the issuer. */
export const wellKnown = {
  /** The JWK Set; the metadata names it. */
  jwks: '.well-known/jwks.json',
  /** OpenID Connect Discovery §4. */
  openIdConfiguration: '.well-known/openid-configuration',
  /** RFC 8414 §3.1: this goes before the path of the issuer, so it is below the issuer only if the issuer has no path. */
  authorizationServer: '.well-known/oauth-authorization-server',
} as const

/** The path of the issuer, without a slash at its end. */
export function pathOf(issuer: string): string {
  return new URL(issuer).pathname.replace(/\/$/, '')
}

/** What OpenID Connect Discovery §3 and RFC 8414 §2 require of an issuer without endpoints. */
export function issuerMetadata(issuer: string, algorithms: readonly string[]): Record<string, unknown> {
  return {
    issuer,
    jwks_uri: `${issuer.replace(/\/$/, '')}/${wellKnown.jwks}`,
    // Required, and empty: there is no authorization endpoint.
    response_types_supported: [],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: algorithms,
  }
}

/**
 * Checks that the URL is an issuer identifier (RFC 8414 §2).
 *
 * @param name in the message
 * @param local whether http is allowed for an issuer on this machine
 * @throws SealwrightError `INVALID_ARGUMENT`
 */
export function checkIssuer(name: string, issuer: string, local: boolean): void {
  const url = URL.canParse(issuer) ? new URL(issuer) : null
  const isSecure = url !== null && (local ? isSecureUrl(url) : url.protocol === 'https:')
  // An empty query or fragment shows only in the text.
  if (isSecure && !/[?#]/.test(issuer)) return
  throw new SealwrightError('INVALID_ARGUMENT', `${name} is not an https URL without query and fragment`)
}
