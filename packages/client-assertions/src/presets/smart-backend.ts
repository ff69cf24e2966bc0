import { optionsOf } from '@sealwright/core/internal'
import { aClientId, aKeyId, anHttpsUrl } from '../arguments.ts'
import type { AssertionPreset } from './preset.ts'

/** Options of {@link smartBackend}. */
export interface SmartBackendOptions {
  /** The client ID that the FHIR authorization server assigned. */
  readonly clientId: string
  /** The token URL: `token_endpoint` of the server's `/.well-known/smart-configuration`. */
  readonly tokenEndpoint: string
  /** The `kid` of the key in the JWK Set that is registered. Default: the key's own, its RFC 7638 thumbprint. */
  readonly keyId?: string | undefined
}

const smartOptions = optionsOf({ clientId: aClientId, tokenEndpoint: anHttpsUrl, keyId: aKeyId }, [
  'clientId',
  'tokenEndpoint',
])

/**
 * Authenticates a client to a FHIR server: SMART Backend Services, and SMART App Launch with an asymmetric key.
 *
 * ES384 with a P-384 key, RS384 with an RSA key; `kid`, `typ` JWT; `iss` and `sub` are the client ID, `aud` is the
 * token URL, `exp` 4 minutes from now, of the 5 that are allowed, and `jti` is new each time. See
 * {@link https://hl7.org/fhir/smart-app-launch/client-confidential-asymmetric.html | the implementation guide}.
 *
 * @throws SealwrightError `INVALID_ARGUMENT` for malformed options
 *
 * @example
 * ```ts
 * import { smartBackend } from '@sealwright/client-assertions'
 *
 * const preset = smartBackend({ clientId: 'bulk-export', tokenEndpoint: 'https://ehr.example.com/auth/token' })
 * ```
 */
export function smartBackend(options: SmartBackendOptions): AssertionPreset {
  smartOptions('options', options)
  const { clientId, tokenEndpoint, keyId = true } = options
  return {
    service: 'SMART Backend Services',
    algorithms: ['ES384', 'RS384'],
    issuer: clientId,
    subject: clientId,
    audience: tokenEndpoint,
    lifetime: 240,
    issuedAt: false,
    notBefore: false,
    jti: true,
    reusable: false,
    keyId,
    certificateThumbprint: false,
  }
}
