import { oneOf, optionsOf } from '@sealwright/core/internal'
import { aClientId, aHostName, aKeyId } from '../arguments.ts'
import type { AssertionPreset } from './preset.ts'

/** Options of {@link auth0}. */
export interface Auth0Options {
  /** The domain of the tenant, or a custom domain, such as `contoso.eu.auth0.com`. */
  readonly domain: string
  /** The client ID of the application. */
  readonly clientId: string
  /** The algorithm of the credential in Auth0. Default `RS256`, as in Auth0. */
  readonly algorithm?: 'RS256' | 'RS384' | 'PS256' | undefined
  /** The `kid` that Auth0 gave to the credential. Default: none, and Auth0 tries the credentials of the application. */
  readonly keyId?: string | undefined
}

const auth0Options = optionsOf(
  { domain: aHostName, clientId: aClientId, algorithm: oneOf(['RS256', 'RS384', 'PS256']), keyId: aKeyId },
  ['domain', 'clientId'],
)

/**
 * Authenticates an application to Auth0. Upload the public key or the certificate as a credential for _Private Key JWT_.
 *
 * RS256, RS384 or PS256; `aud` is `https://DOMAIN/` with the slash, `iss` and `sub` are the client ID, `exp` a minute
 * from now, which Auth0 recommends (it allows 5), and `jti` is new each time, because Auth0 accepts an assertion only
 * once. See
 * {@link https://auth0.com/docs/get-started/authentication-and-authorization-flow/authenticate-with-private-key-jwt | Auth0's documentation}.
 *
 * @throws SealwrightError `INVALID_ARGUMENT` for malformed options
 *
 * @example
 * ```ts
 * import { auth0 } from '@sealwright/client-assertions'
 *
 * const preset = auth0({ domain: 'contoso.eu.auth0.com', clientId: 'C3A94Vp0Rb3ZjJlFEGBNQYRRaCsXwQYl' })
 * ```
 */
export function auth0(options: Auth0Options): AssertionPreset {
  auth0Options('options', options)
  const { domain, clientId, algorithm = 'RS256', keyId = false } = options
  return {
    service: 'Auth0',
    algorithms: [algorithm],
    issuer: clientId,
    subject: clientId,
    audience: `https://${domain.toLowerCase()}/`,
    lifetime: 60,
    issuedAt: 0,
    notBefore: false,
    jti: true,
    reusable: false,
    keyId,
    certificateThumbprint: false,
  }
}
