import { oneOf, optionsOf } from '@sealwright/core/internal'
import { aClientId, aKeyId, anHttpsUrl } from '../arguments.ts'
import type { AssertionPreset } from './preset.ts'

/** What Keycloak offers as _Signature algorithm_. It knows Ed25519 only as `EdDSA`. */
const keycloakAlgorithms = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
] as const

/** Options of {@link keycloak}. */
export interface KeycloakOptions {
  /** The issuer of the realm, such as `https://sso.example.com/realms/contoso`. */
  readonly issuer: string
  /** The client ID. */
  readonly clientId: string
  /** The `kid` of the key in the client's JWK Set. Default: the key's own, its RFC 7638 thumbprint. */
  readonly keyId?: string | undefined
  /** The _Signature algorithm_ of the client, if it is set. Default: the first of RS256, PS256, ES256 to ES512 and EdDSA that the key supports. */
  readonly algorithm?: (typeof keycloakAlgorithms)[number] | undefined
}

const keycloakOptions = optionsOf(
  {
    issuer: anHttpsUrl,
    clientId: aClientId,
    keyId: aKeyId,
    algorithm: oneOf(keycloakAlgorithms),
  },
  ['issuer', 'clientId'],
)

/**
 * Authenticates a client to Keycloak, whose client authenticator is _Signed JWT_.
 *
 * `iss` and `sub` are the client ID, `aud` is only the issuer of the realm, `exp` is a minute after `iat`, which is
 * Keycloak's default of _Max expiration_, and `jti` is new each time, because Keycloak accepts an assertion only once.
 * An Ed25519 key signs as `EdDSA`. See
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
    algorithms: algorithm === undefined ? keycloakAlgorithms : [algorithm],
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
