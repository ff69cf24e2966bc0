import { oneOf, optionsOf } from '@sealwright/core/internal'
import { aClientId, aKeyId, aLifetime, anHttpsUrl } from '../arguments.ts'
import type { AssertionPreset } from './preset.ts'

/** What Okta's documentation lists for `private_key_jwt`. */
const oktaAlgorithms = ['RS256', 'RS384', 'RS512', 'ES256', 'ES384', 'ES512'] as const

/** Options of {@link okta}. */
export interface OktaOptions {
  /** The client ID of the application. */
  readonly clientId: string
  /**
   * The full URL that the assertion is sent to, such as `https://contoso.okta.com/oauth2/v1/token` for Okta's own API, or
   * `https://contoso.okta.com/oauth2/default/v1/token`.
   */
  readonly tokenEndpoint: string
  /** The `kid` of the key in the application. Default: the key's own, its RFC 7638 thumbprint. */
  readonly keyId?: string | undefined
  /** The algorithm. Default: the first of RS256 and ES256 to ES512 that the key supports. */
  readonly algorithm?: (typeof oktaAlgorithms)[number] | undefined
  /** Seconds until `exp`, at most an hour. Default 300. */
  readonly lifetime?: number | undefined
}

const oktaOptions = optionsOf(
  {
    clientId: aClientId,
    tokenEndpoint: anHttpsUrl,
    keyId: aKeyId,
    algorithm: oneOf(oktaAlgorithms),
    lifetime: aLifetime(3600),
  },
  ['clientId', 'tokenEndpoint'],
)

/**
 * Authenticates an application to Okta. Add the public key as a JWK under _Public keys_.
 *
 * RS256 to RS512 or ES256 to ES512; `iss` and `sub` are the client ID, `aud` is the URL of the endpoint, and `jti` is
 * new each time, because Okta accepts an assertion only once. There is no `iat`: it is optional, and Okta refuses an
 * `iat` that is not in the past. See
 * {@link https://developer.okta.com/docs/guides/build-self-signed-jwt/main/ | Okta's documentation}.
 *
 * @throws SealwrightError `INVALID_ARGUMENT` for malformed options
 *
 * @example
 * ```ts
 * import { okta } from '@sealwright/client-assertions'
 *
 * const preset = okta({
 *   clientId: '0oar95zt9zIpYuz6A0h7',
 *   tokenEndpoint: 'https://contoso.okta.com/oauth2/v1/token',
 * })
 * ```
 */
export function okta(options: OktaOptions): AssertionPreset {
  oktaOptions('options', options)
  const { clientId, tokenEndpoint, keyId = true, algorithm, lifetime = 300 } = options
  return {
    service: 'Okta',
    algorithms: algorithm === undefined ? oktaAlgorithms : [algorithm],
    issuer: clientId,
    subject: clientId,
    audience: tokenEndpoint,
    lifetime,
    issuedAt: false,
    notBefore: false,
    jti: true,
    reusable: false,
    keyId,
    certificateThumbprint: false,
  }
}
