import { daysLeft } from '../terminal/colors.ts'
import type { CertificateDescription } from './describe-certificate.ts'
import type { FileDescription } from './file-description.ts'
import { verdictLines } from './signing-verdict.ts'

/** The contents of a file, as text. */
export function linesOf(path: string, file: FileDescription): readonly string[] {
  const lines = [`${path}: ${file.format}`]
  if (file.mac !== null) lines.push(`MAC: ${file.mac}`)
  for (const encryption of file.encryption) lines.push(`encryption: ${encryption}`)
  for (const key of file.keys) {
    const name = key.friendlyName === null ? '' : ` "${key.friendlyName}"`
    lines.push(`private key${name}: ${key.type}, kid ${key.keyId ?? 'none'}`)
    lines.push(
      key.certificates.length === 0 ? '  no certificate' : `  certificates: ${key.certificates.join(', ')}`,
      ...verdictLines(key.signing),
    )
  }
  if (file.unencrypted === true) {
    lines.push('weak: the private key has no password: everyone who can read the file has it')
  }
  for (const key of file.publicKeys) lines.push(`public key: ${key.type}, kid ${key.keyId ?? 'none'}`)
  for (const certificate of file.certificates) lines.push(...certificateLines(certificate))
  for (const request of file.requests) {
    lines.push(
      `certificate request: ${request.subject}, ${request.key.type}`,
      ...asked(request),
      `  signed:     ${request.signatureAlgorithm}, ${verdicts.get(request.verified) ?? ''}`,
      ...problemLines(request.problems),
    )
  }
  for (const list of file.revocationLists) {
    lines.push(
      `CRL of ${list.issuer}, number ${list.number ?? 'none'}: ${list.revoked} revoked`,
      `  valid:      ${list.thisUpdate ?? 'malformed'} to ${list.nextUpdate ?? 'an unknown time'}`,
      `  signed:     ${list.signatureAlgorithm}`,
      ...problemLines(list.problems),
    )
  }
  for (const { what, reason } of file.skipped) lines.push(`skipped: ${what}: ${reason}`)
  for (const remark of file.remarks) lines.push(`note: ${remark}`)
  for (const weakness of file.weak) lines.push(`weak: ${weakness}`)
  return lines
}

/** The contents that a request asks for. */
function asked(request: FileDescription['requests'][number]): readonly string[] {
  const { subjectAltNames, ca, keyUsage, extendedKeyUsage } = request
  return [
    ...(subjectAltNames.length === 0 ? [] : [`  requested:  ${subjectAltNames.join(', ')}`]),
    ...(ca ? ['  requested:  a CA certificate'] : []),
    ...(keyUsage === null ? [] : [`  requested:  key usage ${keyUsage.join(', ')}`]),
    ...(extendedKeyUsage === null ? [] : [`  requested:  extended key usage ${extendedKeyUsage.join(', ')}`]),
  ]
}

/** As {@link certificateLines}, and why the certificate is weak. */
export function fullCertificateLines(certificate: CertificateDescription): readonly string[] {
  return [
    ...certificateLines(certificate),
    ...certificate.weak.map((weakness) => `  weak:       ${weakness}`),
  ]
}

/** A certificate, as text. The weaknesses of all certificates are listed at the end of the file. */
function certificateLines(certificate: CertificateDescription): readonly string[] {
  const { subject, issuer, notBefore, notAfter, ca, keyUsage, extendedKeyUsage, key } = certificate
  const { subjectAltNames, signatureAlgorithm } = certificate
  const selfSigned = certificate.selfIssued ? ' (self-signed)' : ''
  const left = notAfter === null ? '' : `, ${daysLeft(new Date(notAfter))}`
  return [
    `certificate ${certificate.thumbprint}`,
    `  subject:    ${subject}`,
    ...(subjectAltNames.length === 0 ? [] : [`  names:      ${subjectAltNames.join(', ')}`]),
    `  issuer:     ${issuer}${selfSigned}`,
    `  serial:     ${certificate.serialNumber}`,
    `  valid:      ${notBefore ?? 'malformed'} to ${notAfter ?? 'malformed'}${left}`,
    `  key:        ${key.type}, kid ${key.keyId ?? 'none'}`,
    `  usage:      ${[ca ? 'CA' : 'no CA', ...(keyUsage ?? ['any use']), ...(extendedKeyUsage ?? [])].join(', ')}`,
    `  signed:     ${signatureAlgorithm}`,
    `  SHA-256:    ${certificate.sha256}`,
    ...problemLines(certificate.problems),
  ]
}

const verdicts: ReadonlyMap<boolean | null, string> = new Map([
  [true, 'the signature is valid'],
  [false, 'the signature is not valid'],
  [null, 'the signature was not checked'],
])

function problemLines(problems: readonly string[]): readonly string[] {
  return problems.map((problem) => `  problem:    ${problem}`)
}
