import type { SigningKey } from '@sealwright/core'
import { attestationLines, type AttestationDescription } from './attestation.ts'
import { summarizeCertificate, type CertificateDescription } from './describe-certificate.ts'
import { fullCertificateLines } from './lines.ts'
import { signingVerdict, verdictLines, type SigningVerdict } from './signing-verdict.ts'

/** The key of a signing URI, for JSON output. */
export interface SigningKeyDescription {
  readonly format: 'signing key'
  readonly ok: true
  readonly name: string
  readonly version: string
  readonly location: string
  readonly keyId: string
  readonly enabled: boolean
  readonly createdAt: string | null
  readonly notBefore: string | null
  readonly notAfter: string | null
  readonly signing: SigningVerdict
  /** Of a key in a managed HSM; null for every other. */
  readonly attestation: AttestationDescription | null
  readonly certificates: readonly CertificateDescription[]
}

export function describeSigningKey(
  key: SigningKey,
  attestation: AttestationDescription | null,
): SigningKeyDescription {
  const verdict = signingVerdict(key.publicKey, key.certificates[0])
  return {
    format: 'signing key',
    ok: true,
    name: key.name,
    version: key.version,
    location: key.location,
    keyId: key.keyId,
    enabled: key.enabled,
    createdAt: key.createdAt?.toISOString() ?? null,
    notBefore: key.notBefore?.toISOString() ?? null,
    notAfter: key.notAfter?.toISOString() ?? null,
    signing: {
      algorithms: key.algorithms.map(({ name }) => name),
      problems: [...(key.enabled ? [] : ['it is switched off']), ...verdict.problems],
    },
    attestation,
    certificates: key.certificates.map((certificate) => summarizeCertificate(certificate)),
  }
}

/** For people. */
export function signingKeyLines(key: SigningKeyDescription): readonly string[] {
  return [
    `${key.location}: a signing key`,
    `  name:       ${key.name}`,
    `  version:    ${key.version}`,
    `  kid:        ${key.keyId}`,
    ...(key.createdAt === null ? [] : [`  created:    ${key.createdAt}`]),
    ...verdictLines(key.signing),
    ...attestationLines(key.attestation),
    ...(key.certificates.length === 0 ? ['  no certificate'] : []),
    ...key.certificates.flatMap(fullCertificateLines),
  ]
}
