import { must, optionsOf } from '@sealwright/core/internal'
import { aClientId, anHttpsOrigin } from '../arguments.ts'
import type { AssertionPreset } from './preset.ts'

/** Options of {@link entra}. */
export interface EntraOptions {
  /** The directory (tenant): its ID, or one of its domains. */
  readonly tenantId: string
  /** The application (client) ID. */
  readonly clientId: string
  /**
   * The origin of the authority, such as `https://login.partner.microsoftonline.cn` in China or `https://login.microsoftonline.us` for US
   * Government. Default `https://login.microsoftonline.com`.
   */
  readonly authority?: string | undefined
}

const entraOptions = optionsOf(
  {
    tenantId: must(
      'the ID or a domain of a tenant',
      (value) => typeof value === 'string' && /^[a-z\d][a-z\d.-]*$/i.test(value),
    ),
    clientId: aClientId,
    authority: anHttpsOrigin,
  },
  ['tenantId', 'clientId'],
)

/**
 * Authenticates an application to Microsoft Entra ID with its certificate, wherever Entra accepts a client secret.
 * Upload the certificate, without the private key, under _Certificates & secrets_.
 *
 * PS256, `typ` JWT, `x5t#S256`; `aud` is the v2.0 token endpoint, `iss` and `sub` the client ID, `exp` 5 minutes after
 * `nbf`, and `jti` is new each time. See
 * {@link https://learn.microsoft.com/entra/identity-platform/certificate-credentials | Microsoft's documentation of the format}.
 *
 * The key needs a certificate, so pass a `SigningKey` and not a bare `Signer`.
 *
 * @throws SealwrightError `INVALID_ARGUMENT` for malformed options
 *
 * @example
 * ```ts
 * import { entra } from '@sealwright/client-assertions'
 *
 * const preset = entra({
 *   tenantId: '72f988bf-86f1-41af-91ab-2d7cd011db47',
 *   clientId: '6731de76-14a6-49ae-97bc-6eba6914391e',
 * })
 * ```
 */
export function entra(options: EntraOptions): AssertionPreset {
  entraOptions('options', options)
  const { tenantId, clientId, authority = 'https://login.microsoftonline.com' } = options
  return {
    service: 'Microsoft Entra ID',
    algorithms: ['PS256'],
    issuer: clientId,
    subject: clientId,
    audience: `${new URL(authority).origin}/${tenantId}/oauth2/v2.0/token`,
    lifetime: 300,
    issuedAt: 0,
    notBefore: true,
    jti: true,
    reusable: false,
    keyId: false,
    certificateThumbprint: true,
  }
}
