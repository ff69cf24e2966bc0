import type { X509Certificate } from 'node:crypto'
import { aCertificate } from '@sealwright/core/internal'
import { malformed, tags, type BerBudget, type BerElement } from '../asn1/ber.ts'
import { SequenceReader } from '../asn1/sequence-reader.ts'
import { decodeInteger, decodeObjectIdentifier, unwrapExplicit } from '../asn1/values.ts'
import { decodeTime } from '../asn1/time.ts'
import { formatName } from '../names/distinguished-name.ts'
import {
  checkSignatureAlgorithm,
  readSignedDocument,
  type SignedDocument,
} from '../signing/read-signed-document.ts'
import { signatureAlgorithmByIdentifier } from '../signing/identify-algorithm.ts'
import { interpretExtensions, type ReadExtensions } from './extensions/certificate-extensions.ts'
import { readExtensions, type CustomExtension } from './extensions/extension.ts'
import { formatSerialNumber } from './serial-number.ts'

/** The contents of a certificate as plain values. The signature is not verified. */
export interface ParsedCertificate {
  /** Hexadecimal, upper case, as in `X509Certificate.serialNumber`. */
  readonly serialNumber: string
  /** The JOSE name where core's table has the algorithm, otherwise its OID. For ECDSA it names the hash, not the curve. */
  readonly signatureAlgorithm: string
  /** An RFC 4514 string. */
  readonly issuer: string
  /** An RFC 4514 string; empty where all names are subjectAltNames. */
  readonly subject: string
  /** The first second of the validity. */
  readonly notBefore: Date
  /** The last second of the validity. */
  readonly notAfter: Date
  /** All extensions, decoded. */
  readonly extensions: ReadExtensions
}

/**
 * Reads the contents of a certificate. Its size and nesting are limited, and its encoding is checked. Its signature is not
 * verified.
 *
 * @throws SealwrightError `INVALID_ENCODING`, `LIMIT_EXCEEDED` for a certificate that does not conform to RFC 5280
 * @example
 * ```ts
 * import { X509Certificate } from 'node:crypto'
 * import { readFile } from 'node:fs/promises'
 * import { parseCertificate } from '@sealwright/x509'
 *
 * const certificate = new X509Certificate(await readFile('my-app.crt'))
 * const { subject, notAfter, extensions } = parseCertificate(certificate)
 * console.log(subject, notAfter, extensions.keyUsage)
 * ```
 */
export function parseCertificate(certificate: X509Certificate): ParsedCertificate {
  aCertificate('certificate', certificate)
  const { document, serialNumber, issuer, subject, notBefore, notAfter, extensions } =
    readCertificateFields(certificate)
  return {
    serialNumber,
    signatureAlgorithm: describeSignature(document),
    issuer: formatName(issuer),
    subject: formatName(subject),
    notBefore,
    notAfter,
    extensions: interpretExtensions(extensions, source),
  }
}

const source = 'the certificate'

/** What one certificate may hold. A new one for each: reading uses it up. */
export function certificateBudget(): BerBudget {
  return { elements: 10_000, depth: 32 }
}

/**
 * Whether a certificate names its subject as its issuer (RFC 5280 §3.2), as a self-signed one does. If not, a CA issued it. The names are
 * compared byte by byte, so two that look alike may differ. The signature is not verified.
 *
 * @throws SealwrightError `INVALID_ENCODING`, `LIMIT_EXCEEDED`, `INVALID_ARGUMENT`
 * @example
 * ```ts
 * import { X509Certificate } from 'node:crypto'
 * import { readFile } from 'node:fs/promises'
 * import { isSelfIssued } from '@sealwright/x509'
 *
 * const certificate = new X509Certificate(await readFile('my-app.crt'))
 * if (!isSelfIssued(certificate)) console.log('its CA renews it')
 * ```
 */
export function isSelfIssued(certificate: X509Certificate): boolean {
  aCertificate('certificate', certificate)
  const document = readSignedDocument(certificate.raw, source, certificateBudget())
  // Nothing else is read: a certificate that violates RFC 5280 has an issuer as well.
  const fields = new SequenceReader(document.toBeSigned, source)
  fields.optional(tags.context0)
  fields.any('serialNumber')
  fields.any('signature')
  const issuer = fields.any('issuer')
  fields.any('validity')
  return Buffer.compare(issuer.bytes, fields.any('subject').bytes) === 0
}

/** The fields of a certificate that another one is made from; see {@link ParsedCertificate}. */
export interface CertificateFields {
  readonly document: SignedDocument
  readonly serialNumber: string
  readonly issuer: BerElement
  readonly notBefore: Date
  readonly notAfter: Date
  readonly subject: BerElement
  /** SubjectPublicKeyInfo, DER. */
  readonly publicKeyInfo: Uint8Array
  readonly extensions: readonly CustomExtension[]
}

/** @throws SealwrightError `INVALID_ENCODING`, `LIMIT_EXCEEDED` */
export function readCertificateFields(certificate: X509Certificate): CertificateFields {
  const document = readSignedDocument(certificate.raw, source, certificateBudget())
  const fields = new SequenceReader(document.toBeSigned, source)
  const version = fields.optional(tags.context0)
  const serialNumber = formatSerialNumber(fields.any('serialNumber'), source)
  checkSignatureAlgorithm(fields.any('signature'), document, source)
  const issuer = fields.any('issuer')
  const validity = fields.sequence('validity')
  const notBefore = decodeTime(validity.any('notBefore'), `notBefore of ${source}`)
  const notAfter = decodeTime(validity.any('notAfter'), `notAfter of ${source}`)
  validity.end()
  const subject = fields.any('subject')
  const { bytes: publicKeyInfo } = fields.any('subjectPublicKeyInfo')
  // issuerUniqueID and subjectUniqueID, which RFC 5280 §4.1.2.8 advises against.
  fields.optional(tags.context1)
  fields.optional(tags.context2)
  const extensionsField = fields.optional(tags.context3)
  fields.end()
  checkVersion(version, extensionsField !== null)
  const extensions =
    extensionsField === null
      ? []
      : readExtensions(unwrapExplicit(extensionsField, tags.context3, source), source)
  return { document, serialNumber, issuer, notBefore, notAfter, subject, publicKeyInfo, extensions }
}

/**
 * Checks the version of a certificate: 1, 2 or 3 (RFC 5280 §4.1.2.1), and 3 where there are extensions.
 *
 * @param field null where it is left out, which is version 1
 * @throws SealwrightError `INVALID_ENCODING`
 */
export function checkVersion(field: BerElement | null, hasExtensions: boolean): void {
  const version = field === null ? 0 : decodeInteger(unwrapExplicit(field, tags.context0, source), source)
  if (version < 0 || version > 2)
    throw malformed(source, 'has an unknown version; RFC 5280 defines 1, 2 and 3')
  if (hasExtensions && version !== 2) {
    throw malformed(source, `has version ${version + 1} and extensions, which need version 3`)
  }
}

/** The JOSE name of a signature's algorithm where core's table has it, otherwise its OID. */
function describeSignature({ algorithm }: SignedDocument): string {
  const [oid] = algorithm.children
  if (oid === undefined) throw malformed(source, 'does not name its signature algorithm')
  return signatureAlgorithmByIdentifier(algorithm)?.name ?? decodeObjectIdentifier(oid, source)
}
