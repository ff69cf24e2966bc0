import { algorithms, type AlgorithmName } from '@sealwright/core'
import { aBoolean, oneOf, optionsOf } from '@sealwright/core/internal'
import { aClientId, aKeyId, aLifetime, aText } from '../arguments.ts'
import { maximumLifetime, type AssertionPreset } from './preset.ts'

/** Options of {@link privateKeyJwt}. */
export interface PrivateKeyJwtOptions {
  /** The client ID. */
  readonly clientId: string
  /**
   * The claim `aud`: the issuer identifier of the authorization server. Older servers expect the URL of their token endpoint instead (OpenID
   * Connect Core 1.0 §9).
   */
  readonly audience: string
  /** The `kid` in the header; `false` for none. Default: the key's own, its RFC 7638 thumbprint. */
  readonly keyId?: string | false | undefined
  /** A JOSE `alg` that the key supports and the server accepts. Default: the key's own. */
  readonly algorithm?: AlgorithmName | undefined
  /** Seconds until `exp`, at most an hour. Default 60. */
  readonly lifetime?: number | undefined
  /** Puts the SHA-256 thumbprint of the certificate into the header (`x5t#S256`). Default false. */
  readonly certificateThumbprint?: boolean | undefined
}

const privateKeyJwtOptions = optionsOf(
  {
    clientId: aClientId,
    audience: aText,
    keyId: (name, value) => (value === false ? undefined : aKeyId(name, value)),
    algorithm: oneOf(algorithms.map(({ name }) => name)),
    lifetime: aLifetime(maximumLifetime),
    certificateThumbprint: aBoolean,
  },
  ['clientId', 'audience'],
)

/**
 * Authenticates a client to any authorization server that knows `private_key_jwt`.
 *
 * `kid`, `typ` JWT; `iss` and `sub` are the client ID; `iat` and `exp` are set; `jti` is new each time. See
 * {@link https://openid.net/specs/openid-connect-core-1_0.html#ClientAuthentication | OpenID Connect Core 1.0 §9} and
 * {@link https://www.rfc-editor.org/rfc/rfc7523#section-3 | RFC 7523 §3}.
 *
 * @throws SealwrightError `INVALID_ARGUMENT` for malformed options
 *
 * @example
 * ```ts
 * import { privateKeyJwt } from '@sealwright/client-assertions'
 *
 * const preset = privateKeyJwt({ clientId: 'reports', audience: 'https://id.example.com' })
 * ```
 */
export function privateKeyJwt(options: PrivateKeyJwtOptions): AssertionPreset {
  privateKeyJwtOptions('options', options)
  const {
    clientId,
    audience,
    keyId = true,
    algorithm,
    lifetime = 60,
    certificateThumbprint = false,
  } = options
  return {
    service: 'the authorization server',
    algorithms: algorithm === undefined ? undefined : [algorithm],
    issuer: clientId,
    subject: clientId,
    audience,
    lifetime,
    issuedAt: 0,
    notBefore: false,
    jti: true,
    reusable: false,
    keyId,
    certificateThumbprint,
  }
}
