import type { X509Certificate } from 'node:crypto'
import { aCertificate, invalidArgument, listOf } from '@sealwright/core/internal'
import { Certificate, ContentInfo, EncapsulatedContentInfo, SignedData } from 'pkijs'
import { encodeDer, writtenAs } from '../asn1/encode.ts'

const listOfCertificates = listOf(aCertificate)

/**
 * Writes certificates as PKCS#7 (RFC 2315 §9, RFC 5652 §5), as in .p7b and .p7c files: `SignedData` without content and without
 * signatures.
 *
 * @param certificates at least one; written in the order given, usually a chain from the leaf up
 * @returns DER, except that the certificates keep the caller's order; `encodePem('PKCS7', …)` makes PEM of it
 * @throws SealwrightError `INVALID_ARGUMENT` for an empty list, or for anything but X509Certificates
 * @example
 * ```ts
 * import type { X509Certificate } from 'node:crypto'
 * import { writeFile } from 'node:fs/promises'
 * import { writePkcs7Certificates } from '@sealwright/x509'
 *
 * async function save(certificate: X509Certificate, issuingCa: X509Certificate, root: X509Certificate) {
 *   await writeFile('chain.p7b', writePkcs7Certificates([certificate, issuingCa, root]))
 * }
 * ```
 */
export function writePkcs7Certificates(certificates: readonly X509Certificate[]): Uint8Array {
  listOfCertificates('certificates', certificates)
  if (certificates.length === 0) throw invalidArgument('certificates must hold at least one certificate')
  const content = new SignedData({
    encapContentInfo: new EncapsulatedContentInfo({ eContentType: ContentInfo.DATA }),
    certificates: certificates.map(({ raw }) => writtenAs(new Certificate(), raw)),
  })
  const contentType = ContentInfo.SIGNED_DATA
  return encodeDer(new ContentInfo({ contentType, content: content.toSchema(true) }))
}
