import { SealwrightError } from '@sealwright/core'
import type { CertificateExtensions } from './extensions/certificate-extensions.ts'

/** What a certificate is for. */
export type CertificateProfile = 'tokenSigning' | 'rootCa' | 'issuingCa' | 'tlsServer'

/** Defaults of a certificate, each of which an option overrides. */
interface ProfileDefaults {
  readonly validityDays: number
  readonly extensions: CertificateExtensions
}

/**
 * - `tokenSigning`: signs tokens and nothing else. basicConstraints is there although RFC 5280 §4.2.1.9 leaves it to the
 *   issuer, because some readers take a self-signed certificate that is silent about it for a CA. There is no
 *   extendedKeyUsage: none is registered for tokens, and any other would forbid their use.
 * - `rootCa`: signs certificates and CRLs; trusted by being installed.
 * - `issuingCa`: the same, below a root, with no CA below it.
 * - `tlsServer`: one server's certificate for TLS 1.2 with ECDHE and TLS 1.3, for as long as the CA/Browser Forum lets it be
 *   from March 2026 on. Its names are subjectAltNames.
 */
const profiles: Readonly<Record<CertificateProfile, ProfileDefaults>> = {
  tokenSigning: {
    validityDays: 730,
    extensions: { basicConstraints: { ca: false }, keyUsage: ['digitalSignature'] },
  },
  rootCa: {
    validityDays: 7305,
    extensions: { basicConstraints: { ca: true }, keyUsage: ['keyCertSign', 'cRLSign'] },
  },
  issuingCa: {
    validityDays: 1826,
    extensions: { basicConstraints: { ca: true, pathLength: 0 }, keyUsage: ['keyCertSign', 'cRLSign'] },
  },
  tlsServer: {
    validityDays: 199,
    extensions: {
      basicConstraints: { ca: false },
      keyUsage: ['digitalSignature'],
      extendedKeyUsage: ['serverAuth'],
    },
  },
}

/** @throws SealwrightError `INVALID_ARGUMENT` for any other name */
export function profileDefaults(profile: CertificateProfile): ProfileDefaults {
  if (!Object.hasOwn(profiles, profile)) {
    throw new SealwrightError(
      'INVALID_ARGUMENT',
      `${JSON.stringify(profile)} is not a certificate profile; there are ${Object.keys(profiles).join(', ')}`,
    )
  }
  return profiles[profile]
}
