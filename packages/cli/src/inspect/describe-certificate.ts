import type { KeyObject, X509Certificate } from 'node:crypto'
import { isSealwrightError, jwkThumbprint, publicJwk } from '@sealwright/core'
import { describeCertificate, isSelfIssued } from '@sealwright/x509'
import { thumbprint } from '../keys/thumbprint.ts'
import { millisecondsPerDay } from '../time.ts'

/** A key, without its private part. */
export interface KeyDescription {
  /** Such as `rsa-2048`, `ec-P-256` or `Ed25519`. */
  readonly type: string
  /** The `kid` (RFC 7638); null for a key without a JWK form. */
  readonly keyId: string | null
}

/** A certificate, for JSON output. */
export interface CertificateDescription {
  readonly subject: string
  readonly issuer: string
  /** Whether its issuer is its subject, byte by byte. If not, a CA issued it. */
  readonly selfIssued: boolean
  readonly serialNumber: string
  /** Null where it is malformed. */
  readonly notBefore: string | null
  readonly notAfter: string | null
  /** Whole days; negative after its end, null where it is malformed. */
  readonly daysLeft: number | null
  /** SHA-1 in hexadecimal, as Windows and Azure show it. */
  readonly thumbprint: string
  readonly sha256: string
  readonly signatureAlgorithm: string
  readonly ca: boolean
  /** Null where every use is allowed. */
  readonly keyUsage: readonly string[] | null
  /** Null where every purpose is allowed. */
  readonly extendedKeyUsage: readonly string[] | null
  readonly key: KeyDescription
  readonly subjectAltNames: readonly string[]
  /** Why strict readers refuse it. */
  readonly problems: readonly string[]
  readonly weak: readonly string[]
}

/** A certificate, to be shown and not relied on. */
export function summarizeCertificate(
  certificate: X509Certificate,
  now: Date = new Date(),
): CertificateDescription {
  const { subject, issuer, serialNumber, notBefore, notAfter, signatureAlgorithm, extensions, ...described } =
    describeCertificate(certificate)
  return {
    subject,
    issuer,
    selfIssued: isSelfIssued(certificate),
    serialNumber,
    notBefore: isoOf(notBefore),
    notAfter: isoOf(notAfter),
    daysLeft:
      notAfter === null ? null : Math.floor((notAfter.getTime() - now.getTime()) / millisecondsPerDay),
    thumbprint: thumbprint(certificate),
    sha256: certificate.fingerprint256.replaceAll(':', ''),
    signatureAlgorithm,
    ca: extensions.basicConstraints?.ca ?? false,
    keyUsage: extensions.keyUsage,
    extendedKeyUsage: extensions.extendedKeyUsage,
    key: describeKey(described.publicKey),
    subjectAltNames: describeNames(extensions.subjectAltNames),
    problems: described.problems,
    weak: described.weaknesses,
  }
}

/** Such as `dns:example.com`. */
export function describeNames(
  names: readonly { readonly type: string; readonly value: unknown }[],
): readonly string[] {
  return names.map(({ type, value }) => (typeof value === 'string' ? `${type}:${value}` : type))
}

export function isoOf(time: Date | null): string | null {
  return time?.toISOString() ?? null
}

export function describeKey(key: KeyObject | null): KeyDescription {
  if (key === null) return { type: 'unknown', keyId: null }
  try {
    const jwk = publicJwk(key)
    const keyId = jwkThumbprint(key)
    if (jwk.kty === 'AKP') return { type: jwk.alg, keyId }
    if (jwk.kty === 'EC') return { type: `ec-${jwk.crv}`, keyId }
    return { type: jwk.kty === 'OKP' ? jwk.crv : `rsa-${modulusLength(key)}`, keyId }
  } catch (error) {
    if (!isSealwrightError(error, 'UNSUPPORTED_KEY')) throw error
    const { asymmetricKeyType = 'unknown', asymmetricKeyDetails } = key
    const curve = asymmetricKeyDetails?.namedCurve
    return { type: curve === undefined ? asymmetricKeyType : `${asymmetricKeyType}-${curve}`, keyId: null }
  }
}

function modulusLength(key: KeyObject): number {
  return key.asymmetricKeyDetails?.modulusLength ?? 0
}
