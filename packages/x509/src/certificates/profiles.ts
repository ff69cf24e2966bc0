import { invalidArgument } from '@sealwright/core/internal'
import type { CertificateExtensions } from './extensions/certificate-extensions.ts'

/**
 * The purpose of a certificate, which sets the defaults of its validity and extensions: `tokenSigning`, `rootCa`, `issuingCa` or
 * `tlsServer`.
 */
export type CertificateProfile = 'tokenSigning' | 'rootCa' | 'issuingCa' | 'tlsServer'

/** The defaults of a certificate. An option overrides each. */
interface ProfileDefaults {
  readonly validityDays: number
  readonly extensions: CertificateExtensions
}

/**
 * - `tokenSigning`: signs tokens only. It has basicConstraints, which RFC 5280 §4.2.1.9 leaves optional, because some readers
 *   treat a self-signed certificate without it as a CA's. It has no extendedKeyUsage: no purpose is registered for tokens, and
 *   any other purpose would rule them out.
 * - `rootCa`: signs certificates and CRLs. Verifiers trust it because it is installed.
 * - `issuingCa`: signs certificates and CRLs below a root, with no CA below it.
 * - `tlsServer`: a server certificate for TLS 1.2 with ECDHE and TLS 1.3. It is valid for as long as the CA/Browser Forum allows
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

/** @throws SealwrightError `INVALID_ARGUMENT` for an unknown profile */
export function profileDefaults(profile: CertificateProfile): ProfileDefaults {
  if (!Object.hasOwn(profiles, profile)) {
    throw invalidArgument(
      `the certificate profile is unknown; the profiles are ${Object.keys(profiles).join(', ')}`,
    )
  }
  return profiles[profile]
}
