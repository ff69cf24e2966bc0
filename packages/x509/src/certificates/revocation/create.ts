import { invalidArgument } from '@sealwright/core/internal'
import { Enumerated, Integer } from 'asn1js'
import { CertificateRevocationList, Extensions, RevokedCertificate as PkiEntry } from 'pkijs'
import { encodeDer, encodeList, unsignedInteger, writtenAs } from '../../asn1/encode.ts'
import { timeOf } from '../../asn1/time.ts'
import { encodedName } from '../../names/distinguished-name.ts'
import { signDocument } from '../../signing/sign-document.ts'
import { anIssuer, aRevocation, revocationListOptions } from '../arguments.ts'
import { extension } from '../extensions/extension.ts'
import { authorityKeyIdentifierExtension } from '../extensions/key-identifiers.ts'
import { examineIssuer, type ExaminedIssuer, type Issuer } from '../issuer.ts'
import { parseSerialNumber } from '../serial-number.ts'
import { wholeSeconds } from '../validity.ts'
import {
  extensionOids,
  reasons,
  revocationReasons,
  type RevocationListOptions,
  type RevokedCertificate,
} from './revocation-list.ts'

const defaultDays = 7

/**
 * Creates a certificate revocation list (CRL, RFC 5280 §5), version 2. To revoke one more certificate, read the last list and
 * make the next one with its entries and the new one. It may be of any length; `readRevocationList` needs a higher limit for one
 * of more than some 55,000 entries with reasons, or 125,000 without.
 *
 * @param issuer the CA that issued the certificates
 * @returns DER; `encodePem('X509 CRL', …)` makes PEM of it
 * @throws SealwrightError `INVALID_ARGUMENT` for an issuer that may not sign CRLs, a malformed number, time or entry,
 *   or a duplicate serial number, before anything is signed; or as `createSelfSignedCertificate`
 * @example
 * ```ts
 * import { createRevocationList, type Issuer } from '@sealwright/x509'
 *
 * async function revoke(ca: Issuer, serialNumber: string) {
 *   return createRevocationList(ca, {
 *     number: 2,
 *     revoked: [{ serialNumber, revokedAt: new Date(), reason: 'keyCompromise' }],
 *   })
 * }
 * ```
 */
export async function createRevocationList(
  issuer: Issuer,
  options: RevocationListOptions,
): Promise<Uint8Array> {
  anIssuer('issuer', issuer)
  revocationListOptions('options', options)
  const { subject, keyIdentifier } = examineRevocationIssuer(issuer)
  const { signer } = issuer
  const thisUpdate = wholeSeconds(options.thisUpdate ?? new Date(), 'thisUpdate')
  const nextUpdate = wholeSeconds(
    options.nextUpdate ?? new Date(thisUpdate.getTime() + defaultDays * 24 * 60 * 60 * 1000),
    'nextUpdate',
  )
  if (nextUpdate <= thisUpdate) throw invalidArgument('nextUpdate is not later than thisUpdate')
  const number = numberOf(options.number)
  const entries = await encodeEntries(options.revoked)
  const crl = new CertificateRevocationList({
    version: 1, // v2
    issuer: encodedName(subject),
    thisUpdate: timeOf(thisUpdate),
    nextUpdate: timeOf(nextUpdate),
    // Left out when it is empty (RFC 5280 §5.1.2.6).
    ...(entries.length > 0 && { revokedCertificates: [writtenAs(new PkiEntry(), entries)] }),
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
    throw invalidArgument('the issuer’s certificate does not allow its key to sign CRLs (cRLSign)')
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
    throw invalidArgument(`the number of a CRL is a whole number from 0 to 2^159 - 1, not ${number}`)
  }
  return Integer.fromBigInt(number)
}

async function encodeEntries(revoked: readonly RevokedCertificate[]): Promise<Uint8Array> {
  const serialNumbers = new Set<string>()
  return encodeList([...revoked], (entry) => {
    aRevocation('an entry of options.revoked', entry)
    const { serialNumber, revokedAt, reason = 'unspecified' } = entry
    const serial = parseSerialNumber(serialNumber)
    // As encoded: 0A and 000a are one number.
    const digits = serial.toString('hex').replace(/^0+/, '')
    if (serialNumbers.has(digits)) throw invalidArgument('a serial number is revoked twice')
    serialNumbers.add(digits)
    const code = reasons.get(reason)
    if (code === undefined) {
      throw invalidArgument(
        `a revocation has an unknown reason; the reasons are ${revocationReasons.join(', ')}`,
      )
    }
    return new PkiEntry({
      userCertificate: unsignedInteger(serial),
      revocationDate: timeOf(wholeSeconds(revokedAt, 'revokedAt')),
      // RFC 5280 §5.3.1: leave the extension out instead of writing `unspecified`.
      ...(reason !== 'unspecified' && { crlEntryExtensions: reasonExtensions(code) }),
    })
  })
}

/** Each reason is encoded once: lists are long. */
const reasonExtensionsByCode = new Map<number, Extensions>()

function reasonExtensions(code: number): Extensions {
  let known = reasonExtensionsByCode.get(code)
  if (known === undefined) {
    const reason = extension(extensionOids.reasonCode, false, new Enumerated({ value: code }))
    const extensions = new Extensions({ extensions: [reason] })
    known = writtenAs(extensions, encodeDer(extensions))
    reasonExtensionsByCode.set(code, known)
  }
  return known
}
