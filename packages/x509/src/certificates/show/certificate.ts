import type { KeyObject, X509Certificate } from 'node:crypto'
import { aCertificate } from '@sealwright/core/internal'
import { tags } from '../../asn1/ber.ts'
import { SequenceReader } from '../../asn1/sequence-reader.ts'
import { assertNamedCurve } from '../../keys/public-key.ts'
import { keyWeaknesses } from '../../keys/weaknesses.ts'
import { readSignedDocument } from '../../signing/read-signed-document.ts'
import type { ReadExtensions } from '../extensions/certificate-extensions.ts'
import { certificateBudget, checkVersion } from '../parse-certificate.ts'
import { Findings } from './findings.ts'
import { formatSerialNumber } from '../serial-number.ts'
import { showAlgorithm } from './signature.ts'

/** A certificate as it is, for display only. */
export interface DescribedCertificate {
  /** Hexadecimal, upper case; empty where it is malformed. */
  readonly serialNumber: string
  /** The JOSE name where there is one; otherwise a name for people, or the OID. That of ECDSA names the hash, not the curve. */
  readonly signatureAlgorithm: string
  /** An RFC 4514 string. */
  readonly issuer: string
  /** An RFC 4514 string. */
  readonly subject: string
  /** Null where it is malformed. */
  readonly notBefore: Date | null
  /** The last second it is valid; null where it is malformed. */
  readonly notAfter: Date | null
  /** Null for a key of a kind that this Node does not know, and for a malformed one. */
  readonly publicKey: KeyObject | null
  /** Those that are well-formed. */
  readonly extensions: ReadExtensions
  /** Why `parseCertificate` refuses it; empty if it does not. */
  readonly problems: readonly string[]
  /** Such as `a signature with SHA-1` or `an RSA key of 1024 bits`; empty if none. */
  readonly weaknesses: readonly string[]
}

const source = 'the certificate'

/**
 * Describes a certificate that may violate RFC 5280: with an empty list of extensions, a malformed one, or times of
 * another form. `parseCertificate` refuses those.
 *
 * @throws SealwrightError `INVALID_ENCODING` for what is not a certificate, `LIMIT_EXCEEDED`, `INVALID_ARGUMENT`
 * @example
 * ```ts
 * import { X509Certificate } from 'node:crypto'
 * import { readFile } from 'node:fs/promises'
 * import { describeCertificate } from '@sealwright/x509'
 *
 * const certificate = new X509Certificate(await readFile('my-app.crt'))
 * const { subject, notAfter, problems } = describeCertificate(certificate)
 * console.log(subject, notAfter, problems)
 * ```
 */
export function describeCertificate(certificate: X509Certificate): DescribedCertificate {
  aCertificate('certificate', certificate)
  const findings = new Findings()
  const document = readSignedDocument(certificate.raw, source, certificateBudget())
  const fields = new SequenceReader(document.toBeSigned, source)
  const version = fields.optional(tags.context0)
  const serialNumberField = fields.any('serialNumber')
  const signature = fields.any('signature')
  if (Buffer.compare(signature.bytes, document.algorithm.bytes) !== 0) {
    findings.problems.push(
      `${source} has two different signature algorithms; RFC 5280 requires the same one twice`,
    )
  }
  const issuer = findings.name(fields.any('issuer'))
  const validity = fields.sequence('validity')
  const notBefore = findings.time(validity.any('notBefore'), `notBefore of ${source}`)
  const notAfter = findings.time(validity.any('notAfter'), `notAfter of ${source}`)
  const subject = findings.name(fields.any('subject'))
  fields.any('subjectPublicKeyInfo')
  fields.optional(tags.context1)
  fields.optional(tags.context2)
  const [list] = fields.optional(tags.context3)?.children ?? []
  findings.attempt(() => checkVersion(version, list !== undefined), undefined)
  const extensions = list === undefined ? [] : findings.rawExtensions(list, source)
  const publicKey = usableKeyOf(certificate, findings)
  if (publicKey !== null) findings.weaknesses.push(...keyWeaknesses(publicKey))
  return {
    serialNumber: findings.attempt(() => formatSerialNumber(serialNumberField, source), ''),
    signatureAlgorithm: showAlgorithm(document, findings).name,
    issuer,
    subject,
    notBefore,
    notAfter,
    publicKey,
    extensions: findings.extensions(extensions, source),
    problems: findings.shownProblems(),
    weaknesses: findings.weaknesses,
  }
}

/** Null for a kind of key that this Node does not know, and for one that ends the process when it is used. */
function usableKeyOf(certificate: X509Certificate, findings: Findings): KeyObject | null {
  let publicKey: KeyObject
  try {
    ;({ publicKey } = certificate)
  } catch {
    return null
  }
  return findings.attempt<KeyObject | null>(() => {
    assertNamedCurve(publicKey, `the public key of ${source}`)
    return publicKey
  }, null)
}
