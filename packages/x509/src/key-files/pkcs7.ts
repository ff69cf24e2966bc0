import type { X509Certificate } from 'node:crypto'
import { malformed, SequenceReader, tags, unwrapExplicit, type BerElement } from '../asn1/ber.ts'
import { readCertificate } from '../read-certificate.ts'

const signedData = '1.2.840.113549.1.7.2'
const what = 'the PKCS#7 file'
const maximumCertificates = 256

/**
 * The certificates of a PKCS#7 file (RFC 2315 §9.1, RFC 5652 §5.1): `SignedData` that signs nothing and carries a chain, as
 * .p7b files do. In file order; signatures, where there are any, are passed over.
 *
 * @throws SealwrightError `INVALID_ENCODING`
 */
export function readPkcs7Certificates(contentInfo: BerElement): readonly X509Certificate[] {
  const info = new SequenceReader(contentInfo, what)
  const type = info.objectIdentifier('contentType')
  if (type !== signedData) throw malformed(what, `holds content of type ${type}, and no certificates`)
  const data = new SequenceReader(unwrapExplicit(info.any('content'), tags.context0, what), what)
  info.end()
  data.integer('version')
  data.any('digestAlgorithms')
  data.any('contentInfo')
  const certificates = data.optional(tags.context0)?.children ?? []
  if (certificates.length > maximumCertificates)
    throw malformed(what, `holds ${certificates.length} certificates`)
  // CertificateSet also has kinds with tags of their own, which nobody makes any more.
  return certificates
    .filter(({ tag }) => tag === tags.sequence)
    .map(({ bytes }) => readCertificate(bytes, what))
}
