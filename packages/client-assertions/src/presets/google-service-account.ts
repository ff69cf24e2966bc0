import { listOf, must, optionsOf } from '@sealwright/core/internal'
import { aKeyId, aLifetime, aScopeToken, aText } from '../arguments.ts'
import type { AssertionPreset } from './preset.ts'

/** Options of {@link googleServiceAccount}. */
export interface GoogleServiceAccountOptions {
  /** The e-mail address of the service account. */
  readonly email: string
  /** The ID that Google gave to the key when it was uploaded. */
  readonly keyId: string
  /** The scopes to request, such as `https://www.googleapis.com/auth/cloud-platform`. */
  readonly scopes: readonly string[]
  /** The e-mail address of the user to act for, with domain-wide delegation. Default: none. */
  readonly subject?: string | undefined
  /** Seconds from `iat` to `exp`, at most an hour. Default 3600, as in Google's own libraries. */
  readonly lifetime?: number | undefined
}

const googleOptions = optionsOf(
  {
    email: aText,
    keyId: aKeyId,
    scopes: (name, value) => {
      listOf(aScopeToken)(name, value)
      must('a non-empty list of scopes', (list) => Array.isArray(list) && list.length > 0)(name, value)
    },
    subject: aText,
    lifetime: aLifetime(3600),
  },
  ['email', 'keyId', 'scopes'],
)

/**
 * Gets access tokens for a Google service account without its JSON key file. Upload the certificate of the key with
 * `gcloud iam service-accounts keys upload`, which prints the key's ID. The assertion is an authorization grant (RFC 7523 §2.1): send it
 * as `assertion` with the grant type `urn:ietf:params:oauth:grant-type:jwt-bearer`.
 *
 * RS256, `kid` is the key's ID; `aud` is `https://oauth2.googleapis.com/token`, `exp` at most an hour after `iat`. See
 * {@link https://developers.google.com/identity/protocols/oauth2/service-account | Google's documentation of the claims} and
 * {@link https://google.aip.dev/auth/4112 | of the header}.
 *
 * @throws SealwrightError `INVALID_ARGUMENT` for malformed options
 *
 * @example
 * ```ts
 * import { googleServiceAccount } from '@sealwright/client-assertions'
 *
 * const preset = googleServiceAccount({
 *   email: 'reports@my-project.iam.gserviceaccount.com',
 *   keyId: '370ab79b4513eb9bad7c9bd16a95cb76b5b2a56a',
 *   scopes: ['https://www.googleapis.com/auth/cloud-platform'],
 * })
 * ```
 */
export function googleServiceAccount(options: GoogleServiceAccountOptions): AssertionPreset {
  googleOptions('options', options)
  const { email, keyId, scopes, subject, lifetime = 3600 } = options
  return {
    service: 'Google',
    algorithms: ['RS256'],
    issuer: email,
    subject,
    audience: 'https://oauth2.googleapis.com/token',
    scope: scopes.join(' '),
    lifetime,
    issuedAt: 0,
    notBefore: false,
    jti: false,
    reusable: false,
    keyId,
    certificateThumbprint: false,
  }
}
