import type { X509Certificate } from 'node:crypto'
import { SealwrightError } from '@sealwright/core'
import { aCertificate, bytes } from '@sealwright/core/internal'
import { malformed, readBer, tags, type BerElement } from '../../asn1/ber.ts'
import { SequenceReader } from '../../asn1/sequence-reader.ts'
import { decodeTime } from '../../asn1/time.ts'
import { decodeInteger } from '../../asn1/values.ts'
import { readPublicKey } from '../../keys/public-key.ts'
import { resolveLimits } from '../../limits.ts'
import { formatName } from '../../names/distinguished-name.ts'
import {
  checkSignatureAlgorithm,
  readSignedDocument,
  verifyDocument,
  type SignedDocument,
} from '../../signing/read-signed-document.ts'
import { interpretExtensions } from '../extensions/certificate-extensions.ts'
import { readExtensions } from '../extensions/extension.ts'
import { readCertificateFields } from '../parse-certificate.ts'
import { formatSerialNumber } from '../serial-number.ts'
import { defaultRevocationListLimits, revocationListBudget, type RevocationListLimits } from './limits.ts'
import {
  extensionOids,
  readReasonCode,
  reasonOf,
  source,
  type RevocationList,
  type RevocationReason,
  type RevokedCertificate,
} from './revocation-list.ts'

/**
 * Reads a CRL of version 1 or 2, and verifies that its issuer has signed it. It does not check that the list is the latest one: an
 * old list verifies too. Compare `nextUpdate` with the time, and `number` with that of the last list you have seen.
 *
 * @param der of any length; its ASN.1 values are limited
 * @param issuer the certificate of the CA; null reads a list without verifying it, for display only
 * @throws SealwrightError `INVALID_ENCODING`, `LIMIT_EXCEEDED`; `INVALID_SIGNATURE` for a list of another CA;
 *   `UNSUPPORTED_ALGORITHM`, also for a critical extension that is not known, such as that of a delta CRL
 * @example
 * ```ts
 * import type { X509Certificate } from 'node:crypto'
 * import { readFile } from 'node:fs/promises'
 * import { readRevocationList } from '@sealwright/x509'
 *
 * async function isRevoked(certificate: X509Certificate, ca: X509Certificate) {
 *   const { revoked, nextUpdate } = readRevocationList(await readFile('ca.crl'), ca)
 *   if (nextUpdate === null || nextUpdate < new Date()) throw new Error('ca.crl is out of date')
 *   return revoked.some(({ serialNumber }) => serialNumber === certificate.serialNumber)
 * }
 * ```
 */
export function readRevocationList(
  der: Uint8Array,
  issuer: X509Certificate | null,
  limits: Partial<RevocationListLimits> = {},
): RevocationList {
  bytes('der', der)
  if (issuer !== null) aCertificate('issuer', issuer)
  const { revocationListElements } = resolveLimits(defaultRevocationListLimits, limits)
  const budget = revocationListBudget(revocationListElements)
  const document = readSignedDocument(Uint8Array.from(der), source, budget)
  const fields = new SequenceReader(document.toBeSigned, source)
  const version = fields.optional(tags.integer)
  if (version !== null && decodeInteger(version, `the version of ${source}`) !== 1) {
    throw malformed(source, 'has a version above 2')
  }
  checkSignatureAlgorithm(fields.any('signature'), document, source)
  const issuerName = fields.any('issuer')
  const thisUpdate = decodeTime(fields.any('thisUpdate'), `thisUpdate of ${source}`)
  const nextUpdateField = fields.optional(tags.utcTime) ?? fields.optional(tags.generalizedTime)
  const entries = fields.optional(tags.sequence)
  const extensionsField = fields.optional(tags.context0)
  fields.end()
  if (issuer !== null) verifyIssuer(document, issuerName, issuer)
  return {
    issuer: formatName(issuerName),
    number: readNumber(extensionsField),
    thisUpdate,
    nextUpdate: nextUpdateField === null ? null : decodeTime(nextUpdateField, `nextUpdate of ${source}`),
    revoked: (entries?.children ?? []).map(readEntry),
  }
}

function verifyIssuer(document: SignedDocument, name: BerElement, issuer: X509Certificate): void {
  const { subject, publicKeyInfo, extensions } = readCertificateFields(issuer)
  if (Buffer.compare(subject.bytes, name.bytes) !== 0) {
    throw new SealwrightError(
      'INVALID_SIGNATURE',
      `${source} is from another issuer than ${formatName(subject)}`,
    )
  }
  // RFC 5280 §6.3.3 (f).
  const { keyUsage } = interpretExtensions(extensions, 'the issuer’s certificate')
  if (keyUsage !== null && !keyUsage.includes('cRLSign')) {
    throw new SealwrightError(
      'INVALID_SIGNATURE',
      'the issuer’s certificate does not allow its key to sign CRLs (cRLSign)',
    )
  }
  verifyDocument(document, readPublicKey(publicKeyInfo, 'the public key of the issuer’s certificate'), source)
}

function readNumber(extensionsField: BerElement | null): bigint | null {
  if (extensionsField === null) return null
  const [list, ...rest] = extensionsField.children
  if (list === undefined || rest.length > 0) throw malformed(source, 'has malformed extensions')
  const extensions = readExtensions(list, source)
  refuseCritical(extensions, [])
  const number = extensions.find(({ oid }) => oid === extensionOids.crlNumber)
  if (number === undefined) return null
  const element = readBer(number.value, `the number of ${source}`, { elements: 1, depth: 1 })
  const digits = formatSerialNumber(element, source)
  if (digits.startsWith('-')) throw malformed(source, 'has a negative number')
  return BigInt(`0x${digits}`)
}

function readEntry(element: BerElement): Required<RevokedCertificate> {
  const entry = new SequenceReader(element, `an entry of ${source}`)
  const serialNumber = formatSerialNumber(entry.any('userCertificate'), `an entry of ${source}`)
  const revokedAt = decodeTime(entry.any('revocationDate'), `an entry of ${source}`)
  const list = entry.optional(tags.sequence)
  entry.end()
  return { serialNumber, revokedAt, reason: list === null ? 'unspecified' : readReason(list) }
}

function readReason(list: BerElement): RevocationReason {
  const extensions = readExtensions(list, `an entry of ${source}`)
  refuseCritical(extensions, [extensionOids.reasonCode])
  const reason = extensions.find(({ oid }) => oid === extensionOids.reasonCode)
  return reason === undefined ? 'unspecified' : reasonOf(readReasonCode(reason.value))
}

/** RFC 5280 §5.2: a reader that does not know a critical extension must not use the list. */
function refuseCritical(
  extensions: readonly { readonly oid: string; readonly critical: boolean }[],
  known: readonly string[],
): void {
  const unknown = extensions.find(({ oid, critical }) => critical && !known.includes(oid))
  if (unknown !== undefined) {
    throw new SealwrightError(
      'UNSUPPORTED_ALGORITHM',
      `${source} has the unknown critical extension ${unknown.oid}`,
    )
  }
}
