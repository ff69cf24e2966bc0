import type { KeyObject, X509Certificate } from 'node:crypto'
import { isSealwrightError, jwkThumbprint, publicJwk } from '@sealwright/core'
import { parseCertificate, type KeyFile, type KeyFileFormat, type Protection } from '@sealwright/x509'

/** What `inspect` says of a file; the shape of its JSON. */
export interface FileDescription {
  readonly format: KeyFileFormat
  readonly ok: true
  readonly keys: readonly (KeyDescription & {
    readonly friendlyName: string | null
    /** Thumbprints: its own first, then its issuers. */
    readonly certificates: readonly string[]
  })[]
  readonly publicKeys: readonly KeyDescription[]
  readonly certificates: readonly CertificateDescription[]
  readonly requests: readonly { readonly subject: string; readonly key: KeyDescription }[]
  readonly revocationLists: readonly {
    readonly issuer: string
    readonly number: string | null
    readonly revoked: number
  }[]
  /** Each kind once. */
  readonly encryption: readonly string[]
  readonly mac: string | null
  /** What should not be relied on any more; empty when there is nothing. */
  readonly weak: readonly string[]
}

interface KeyDescription {
  /** Such as `rsa-2048`, `ec-P-256` or `Ed25519`. */
  readonly type: string
  /** The `kid` (RFC 7638); null for a key that has no JWK. */
  readonly keyId: string | null
}

interface CertificateDescription {
  readonly subject: string
  readonly issuer: string
  readonly serialNumber: string
  readonly notBefore: string
  readonly notAfter: string
  /** SHA-1 in hexadecimal, as Windows and Azure show it. */
  readonly thumbprint: string
  readonly sha256: string
  readonly signatureAlgorithm: string
  readonly ca: boolean
  readonly key: KeyDescription
  readonly subjectAltNames: readonly string[]
}

export function describeFile(file: KeyFile): FileDescription {
  const certificates = file.certificates.map(describeCertificate)
  const protections = [...(file.mac === null ? [] : [file.mac]), ...file.encryptions]
  const keys = [
    ...file.keys.map(({ privateKey }) => privateKey),
    ...file.publicKeys,
    ...file.certificates.flatMap((certificate) => publicKeyOf(certificate) ?? []),
  ]
  return {
    format: file.format,
    ok: true,
    keys: file.keys.map((key) => ({
      ...describeKey(key.privateKey),
      friendlyName: key.friendlyName,
      certificates: key.certificates.map(thumbprint),
    })),
    publicKeys: file.publicKeys.map(describeKey),
    certificates,
    requests: file.requests.map(({ subject, publicKey }) => ({ subject, key: describeKey(publicKey) })),
    revocationLists: file.revocationLists.map(({ issuer, number, revoked }) => ({
      issuer,
      number: number === null ? null : String(number),
      revoked: revoked.length,
    })),
    encryption: unique(file.encryptions.map(describeProtection)),
    mac: file.mac === null ? null : describeProtection(file.mac),
    weak: unique([
      ...protections.flatMap(weaknessOfProtection),
      ...keys.flatMap(weaknessOfKey),
      ...certificates.flatMap(weaknessOfSignature),
    ]),
  }
}

function describeCertificate(certificate: X509Certificate): CertificateDescription {
  const { subject, issuer, serialNumber, notBefore, notAfter, signatureAlgorithm, extensions } =
    parseCertificate(certificate)
  return {
    subject,
    issuer,
    serialNumber,
    notBefore: notBefore.toISOString(),
    notAfter: notAfter.toISOString(),
    thumbprint: thumbprint(certificate),
    sha256: certificate.fingerprint256.replaceAll(':', ''),
    signatureAlgorithm,
    ca: extensions.basicConstraints?.ca ?? false,
    key: describeKey(publicKeyOf(certificate)),
    subjectAltNames: extensions.subjectAltNames.map((name) =>
      typeof name.value === 'string' ? `${name.type}:${name.value}` : name.type,
    ),
  }
}

function thumbprint(certificate: X509Certificate): string {
  return certificate.fingerprint.replaceAll(':', '')
}

/** Null for a kind of key that this Node does not know. */
function publicKeyOf(certificate: X509Certificate): KeyObject | null {
  try {
    return certificate.publicKey
  } catch {
    return null
  }
}

function describeKey(key: KeyObject | null): KeyDescription {
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

function describeProtection({ algorithm, iterations }: Protection): string {
  return `${algorithm}, ${count(iterations)}`
}

function count(iterations: number): string {
  return `${iterations} iteration${iterations === 1 ? '' : 's'}`
}

/** Under it, guessing passwords is cheap on hardware made for it. */
const fewIterations = 100_000

function weaknessOfProtection({ algorithm, iterations, weak }: Protection): readonly string[] {
  return [
    ...(weak ? [algorithm] : []),
    ...(iterations < fewIterations ? [`${count(iterations)}, where ${fewIterations} are few`] : []),
  ]
}

/** RFC 7518 §3.3. */
function weaknessOfKey(key: KeyObject): readonly string[] {
  const bits = modulusLength(key)
  return bits > 0 && bits < 2048 ? [`an RSA key of ${bits} bits`] : []
}

/** Signatures with MD2, MD5 and SHA-1, which collide; by the OIDs of RFC 3279 §2.2. */
const weakSignatures: ReadonlySet<string> = new Set([
  '1.2.840.113549.1.1.2',
  '1.2.840.113549.1.1.4',
  '1.2.840.113549.1.1.5',
  '1.2.840.10045.4.1',
  '1.2.840.10040.4.3',
])

function weaknessOfSignature({ signatureAlgorithm, subject }: CertificateDescription): readonly string[] {
  return weakSignatures.has(signatureAlgorithm) ? [`the signature of ${subject}, made with SHA-1 or MD5`] : []
}

function unique(items: readonly string[]): readonly string[] {
  return [...new Set(items)]
}
