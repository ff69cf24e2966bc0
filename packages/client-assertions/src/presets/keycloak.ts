import { algorithms, type AlgorithmName } from '@sealwright/core'
import { oneOf, optionsOf } from '@sealwright/core/internal'
import { anHttpsUrl, aText } from './arguments.ts'
import type { AssertionPreset } from './preset.ts'

/** Options of {@link keycloak}. */
export interface KeycloakOptions {
  /** The issuer of the realm, such as `https://sso.example.com/realms/contoso`. */
  readonly issuer: string
  /** The client ID. */
  readonly clientId: string
  /** The `kid` of the key in the client's JWK Set. Default: the key's own, its RFC 7638 thumbprint. */
  readonly keyId?: string | undefined
  /** The _Signature algorithm_ of the client. Default: the key's own, for clients that accept any. */
  readonly algorithm?: AlgorithmName | undefined
}

const keycloakOptions = optionsOf(
  {
    issuer: anHttpsUrl,
    clientId: aText,
    keyId: aText,
    algorithm: oneOf(algorithms.map(({ name }) => name)),
  },
  ['issuer', 'clientId'],
)

/**
 * Authenticates a client to Keycloak, whose client authenticator is _Signed JWT_.
 *
 * `iss` and `sub` are the client ID, `aud` is the issuer of the realm alone, `exp` is a minute after `iat`, which is Keycloak's default of _Max
 * expiration_, and a fresh `jti` each time, because Keycloak accepts one once. See
 * {@link https://www.keycloak.org/docs/latest/server_admin/#_client-credentials | Keycloak's documentation}.
 *
 * @throws SealwrightError `INVALID_ARGUMENT` for malformed options
 *
 * @example
 * ```ts
 * import { keycloak } from '@sealwright/client-assertions'
 *
 * const preset = keycloak({ issuer: 'https://sso.example.com/realms/contoso', clientId: 'reports' })
 * ```
 */
export function keycloak(options: KeycloakOptions): AssertionPreset {
  keycloakOptions('options', options)
  const { issuer, clientId, keyId = true, algorithm } = options
  return {
    service: 'Keycloak',
    algorithms: algorithm === undefined ? undefined : [algorithm],
    issuer: clientId,
    subject: clientId,
    audience: issuer,
    lifetime: 60,
    issuedAt: 0,
    notBefore: false,
    jti: true,
    reusable: false,
    keyId,
    certificateThumbprint: false,
  }
}
