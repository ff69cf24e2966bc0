import type { X509Certificate } from 'node:crypto'
import { SealwrightError } from '@sealwright/core'
import { Enumerated, Integer, type BaseBlock, type Sequence } from 'asn1js'
import { CertificateRevocationList, Extensions, RevokedCertificate as PkiEntry } from 'pkijs'
import { malformed, readBer, tags, type BerElement } from '../asn1/ber.ts'
import { SequenceReader } from '../asn1/sequence-reader.ts'
import { decodeInteger } from '../asn1/values.ts'
import { encoded, encodeDer, encodeList, unsignedInteger } from '../asn1/encode.ts'
import { decodeTime, timeOf } from '../asn1/time.ts'
import { EncodedName, formatName } from '../names/distinguished-name.ts'
import { readPublicKey } from '../keys/public-key.ts'
import {
  checkSignatureAlgorithm,
  readSignedDocument,
  verifyDocument,
  type SignedDocument,
} from '../signing/read-signed-document.ts'
import { signDocument } from '../signing/sign-document.ts'
import { interpretExtensions } from './extensions/certificate-extensions.ts'
import { extension, readExtensions } from './extensions/extension.ts'
import { authorityKeyIdentifierExtension } from './extensions/key-identifiers.ts'
import { examineIssuer, type ExaminedIssuer, type Issuer } from './issuer.ts'
import { readCertificateFields } from './parse-certificate.ts'
import { formatSerialNumber, parseSerialNumber } from './serial-number.ts'
import { wholeSeconds } from './validity.ts'

/** The reason of a revocation (RFC 5280 §5.3.1). */
export type RevocationReason =
  | 'unspecified'
  | 'keyCompromise'
  | 'cACompromise'
  | 'affiliationChanged'
  | 'superseded'
  | 'cessationOfOperation'
  | 'certificateHold'
  | 'privilegeWithdrawn'
  | 'aACompromise'

/** CRLReason. 7 is not used, and 8 is for delta CRLs. */
const reasons: ReadonlyMap<RevocationReason, number> = new Map([
  ['unspecified', 0],
  ['keyCompromise', 1],
  ['cACompromise', 2],
  ['affiliationChanged', 3],
  ['superseded', 4],
  ['cessationOfOperation', 5],
  ['certificateHold', 6],
  ['privilegeWithdrawn', 9],
  ['aACompromise', 10],
])

/** An entry of a CRL. */
export interface RevokedCertificate {
  /** Hexadecimal, as in `X509Certificate.serialNumber`. */
  readonly serialNumber: string
  /** The time of the revocation. */
  readonly revokedAt: Date
  /** Default `unspecified`. */
  readonly reason?: RevocationReason | undefined
}

/** The contents of a new CRL. */
export interface RevocationListOptions {
  /** Higher than the number of the list before (RFC 5280 §5.2.3), and below 2^159. */
  readonly number: number | bigint
  /** Default now. */
  readonly thisUpdate?: Date | undefined
  /** The time by which the next list is issued. Default 7 days after `thisUpdate`. */
  readonly nextUpdate?: Date | undefined
  /** All revoked certificates that have not expired. */
  readonly revoked: readonly RevokedCertificate[]
}

/** The contents of a CRL. */
export interface RevocationList {
  /** An RFC 4514 string. */
  readonly issuer: string
  /** Null where the list has none, which RFC 5280 forbids. */
  readonly number: bigint | null
  readonly thisUpdate: Date
  readonly nextUpdate: Date | null
  readonly revoked: readonly Required<RevokedCertificate>[]
}

/** Extensions of CRLs and their entries (RFC 5280 §5.2.3 and §5.3.1). */
export const extensionOids = { crlNumber: '2.5.29.20', reasonCode: '2.5.29.21' } as const

const what = 'the CRL'
const defaultDays = 7

/**
 * Makes a certificate revocation list (CRL, RFC 5280 §5), version 2. To revoke one more certificate, read the last list and
 * make the next one with its entries and the new one.
 *
 * @param issuer the CA whose certificates they are
 * @returns DER; `encodePem('X509 CRL', …)` makes PEM of it
 * @throws SealwrightError `INVALID_ARGUMENT` for an issuer that may not sign CRLs, a malformed number, time or entry, or a
 *   serial number that is there twice, before anything is signed; or as `createSelfSignedCertificate`
 */
export async function createRevocationList(
  issuer: Issuer,
  options: RevocationListOptions,
): Promise<Uint8Array> {
  const { subject, keyIdentifier } = examineRevocationIssuer(issuer)
  const { signer } = issuer
  const thisUpdate = wholeSeconds(options.thisUpdate ?? new Date(), 'thisUpdate')
  const nextUpdate = wholeSeconds(
    options.nextUpdate ?? new Date(thisUpdate.getTime() + defaultDays * 24 * 60 * 60 * 1000),
    'nextUpdate',
  )
  if (nextUpdate <= thisUpdate) throw refused('nextUpdate is not later than thisUpdate')
  const number = numberOf(options.number)
  const entries = await encodeEntries(options.revoked)
  const crl = new CertificateRevocationList({
    version: 1, // v2
    issuer: new EncodedName(subject),
    thisUpdate: timeOf(thisUpdate),
    nextUpdate: timeOf(nextUpdate),
    // Left out when it is empty (RFC 5280 §5.1.2.6).
    ...(entries.length > 0 && { revokedCertificates: [new EncodedEntries(entries)] }),
    crlExtensions: new Extensions({
      extensions: [
        authorityKeyIdentifierExtension(keyIdentifier),
        extension(extensionOids.crlNumber, false, number),
      ],
    }),
  })
  return signDocument(crl, signer)
}

function examineRevocationIssuer(issuer: Issuer): ExaminedIssuer {
  const examined = examineIssuer(issuer)
  const { keyUsage } = examined.extensions
  if (keyUsage !== null && !keyUsage.includes('cRLSign')) {
    throw refused('the issuer’s certificate does not let its key sign CRLs (cRLSign)')
  }
  return examined
}

/** RFC 5280 §5.2.3: at most 20 octets. */
function numberOf(number: number | bigint): Integer {
  if (
    typeof number === 'number'
      ? !Number.isSafeInteger(number) || number < 0
      : number < 0n || number >= 2n ** 159n
  ) {
    throw refused(`the number of a CRL is a whole number from 0 to 2^159 - 1, not ${number}`)
  }
  return Integer.fromBigInt(number)
}

async function encodeEntries(revoked: readonly RevokedCertificate[]): Promise<Uint8Array> {
  const serialNumbers = new Set<string>()
  return encodeList([...revoked], ({ serialNumber, revokedAt, reason = 'unspecified' }) => {
    const serial = parseSerialNumber(serialNumber)
    // As encoded: 0A and 000a are one number.
    const digits = serial.toString('hex').replace(/^0+/, '')
    if (serialNumbers.has(digits)) throw refused('a serial number is revoked twice')
    serialNumbers.add(digits)
    const code = reasons.get(reason)
    if (code === undefined) {
      throw refused(`a revocation has an unknown reason; the reasons are ${[...reasons.keys()].join(', ')}`)
    }
    return new PkiEntry({
      userCertificate: unsignedInteger(serial),
      revocationDate: timeOf(wholeSeconds(revokedAt, 'revokedAt')),
      // RFC 5280 §5.3.1: nothing is said rather than that nothing is said.
      ...(reason !== 'unspecified' && { crlEntryExtensions: reasonExtensions(code) }),
    })
  })
}

/** Entries for pkijs, byte by byte as they are: it would encode a long list in one go. */
class EncodedEntries extends PkiEntry {
  readonly #der: Uint8Array

  constructor(der: Uint8Array) {
    super()
    this.#der = der
  }

  override toSchema(): Sequence {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- it is encoded, and nothing else
    return encoded(this.#der) as Sequence
  }
}

/** Encoded once for each reason: lists are long. */
class ReasonExtensions extends Extensions {
  readonly #block: BaseBlock

  constructor(code: number) {
    const reason = extension(extensionOids.reasonCode, false, new Enumerated({ value: code }))
    super({ extensions: [reason] })
    this.#block = encoded(encodeDer(super.toSchema()))
  }

  override toSchema(): Sequence {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- it is encoded, and nothing else
    return this.#block as Sequence
  }
}

const reasonExtensionsByCode = new Map<number, ReasonExtensions>()

function reasonExtensions(code: number): Extensions {
  const known = reasonExtensionsByCode.get(code) ?? new ReasonExtensions(code)
  reasonExtensionsByCode.set(code, known)
  return known
}

/** A megabyte has some 25,000 entries. */
const maximumBytes = 2 ** 20
const maximumElements = 250_000

/**
 * Reads a CRL of version 1 or 2, and verifies that its issuer has signed it.
 *
 * @param der at most 1 MiB
 * @param issuer the certificate of the CA; null reads a list that nothing vouches for, to be shown and not to be followed
 * @throws SealwrightError `INVALID_ENCODING`, `LIMIT_EXCEEDED`; `INVALID_SIGNATURE` for a list of another CA;
 *   `UNSUPPORTED_ALGORITHM`, also for a critical extension that is not known, such as that of a delta CRL
 */
export function readRevocationList(der: Uint8Array, issuer: X509Certificate | null): RevocationList {
  if (der.length > maximumBytes) {
    throw new SealwrightError(
      'LIMIT_EXCEEDED',
      `${what} has ${der.length} bytes; ${maximumBytes} are allowed`,
    )
  }
  const document = readSignedDocument(Uint8Array.from(der), what, { elements: maximumElements, depth: 16 })
  const fields = new SequenceReader(document.toBeSigned, what)
  const version = fields.optional(tags.integer)
  if (version !== null && decodeInteger(version, `the version of ${what}`) !== 1) {
    throw malformed(what, 'is of a version after 2')
  }
  checkSignatureAlgorithm(fields.any('signature'), document, what)
  const issuerName = fields.any('issuer')
  const thisUpdate = decodeTime(fields.any('thisUpdate'), `thisUpdate of ${what}`)
  const nextUpdateField = fields.optional(tags.utcTime) ?? fields.optional(tags.generalizedTime)
  const entries = fields.optional(tags.sequence)
  const extensionsField = fields.optional(tags.context0)
  fields.end()
  if (issuer !== null) verifyIssuer(document, issuerName, issuer)
  return {
    issuer: formatName(issuerName),
    number: readNumber(extensionsField),
    thisUpdate,
    nextUpdate: nextUpdateField === null ? null : decodeTime(nextUpdateField, `nextUpdate of ${what}`),
    revoked: (entries?.children ?? []).map(readEntry),
  }
}

function verifyIssuer(document: SignedDocument, name: BerElement, issuer: X509Certificate): void {
  const { subject, publicKeyInfo, extensions } = readCertificateFields(issuer)
  if (Buffer.compare(subject.bytes, name.bytes) !== 0) {
    throw new SealwrightError('INVALID_SIGNATURE', `${what} is of another issuer than ${formatName(subject)}`)
  }
  // RFC 5280 §6.3.3 (f).
  const { keyUsage } = interpretExtensions(extensions, 'the issuer’s certificate')
  if (keyUsage !== null && !keyUsage.includes('cRLSign')) {
    throw new SealwrightError(
      'INVALID_SIGNATURE',
      'the issuer’s certificate does not let its key sign CRLs (cRLSign)',
    )
  }
  verifyDocument(document, readPublicKey(publicKeyInfo, 'the public key of the issuer’s certificate'), what)
}

function readNumber(extensionsField: BerElement | null): bigint | null {
  if (extensionsField === null) return null
  const [list, ...rest] = extensionsField.children
  if (list === undefined || rest.length > 0) throw malformed(what, 'has malformed extensions')
  const extensions = readExtensions(list, what)
  refuseCritical(extensions, [])
  const number = extensions.find(({ oid }) => oid === extensionOids.crlNumber)
  if (number === undefined) return null
  const element = readBer(number.value, `the number of ${what}`, { elements: 1, depth: 1 })
  const digits = formatSerialNumber(element, what)
  if (digits.startsWith('-')) throw malformed(what, 'has a negative number')
  return BigInt(`0x${digits}`)
}

function readEntry(element: BerElement): Required<RevokedCertificate> {
  const entry = new SequenceReader(element, `an entry of ${what}`)
  const serialNumber = formatSerialNumber(entry.any('userCertificate'), `an entry of ${what}`)
  const revokedAt = decodeTime(entry.any('revocationDate'), `an entry of ${what}`)
  const list = entry.optional(tags.sequence)
  entry.end()
  return { serialNumber, revokedAt, reason: list === null ? 'unspecified' : readReason(list) }
}

function readReason(list: BerElement): RevocationReason {
  const extensions = readExtensions(list, `an entry of ${what}`)
  refuseCritical(extensions, [extensionOids.reasonCode])
  const reason = extensions.find(({ oid }) => oid === extensionOids.reasonCode)
  if (reason === undefined) return 'unspecified'
  const element = readBer(reason.value, `a reason in ${what}`, { elements: 1, depth: 1 })
  if (element.tag !== tags.enumerated) throw malformed(what, 'has a reason that is not ENUMERATED')
  const number = decodeInteger({ ...element, tag: tags.integer }, `a reason in ${what}`)
  return reasonOf(number)
}

/** @throws SealwrightError `INVALID_ENCODING` for a code that RFC 5280 does not have */
export function reasonOf(code: number): RevocationReason {
  const known = [...reasons].find(([, each]) => each === code)
  if (known === undefined) throw malformed(what, `has the unknown reason ${code}`)
  return known[0]
}

/** RFC 5280 §5.2: who does not know a critical extension must not use the list. */
function refuseCritical(
  extensions: readonly { readonly oid: string; readonly critical: boolean }[],
  known: readonly string[],
): void {
  const unknown = extensions.find(({ oid, critical }) => critical && !known.includes(oid))
  if (unknown !== undefined) {
    throw new SealwrightError(
      'UNSUPPORTED_ALGORITHM',
      `${what} has the critical extension ${unknown.oid}, which is not known`,
    )
  }
}

function refused(message: string): SealwrightError {
  return new SealwrightError('INVALID_ARGUMENT', message)
}
