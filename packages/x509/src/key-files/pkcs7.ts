import type { X509Certificate } from 'node:crypto'
import { SealwrightError } from '@sealwright/core'
import { malformed, tags, type BerElement } from '../asn1/ber.ts'
import { SequenceReader } from '../asn1/sequence-reader.ts'
import { unwrapExplicit } from '../asn1/values.ts'
import { contentTypes } from '../pkcs12/object-identifiers.ts'
import { readCertificate } from '../certificates/read-certificate.ts'
import { TimeSlices } from '../time-slices.ts'

const what = 'the PKCS#7 file'
const maximumCertificates = 256

/**
 * The certificates of a PKCS#7 file (RFC 2315 §9.1, RFC 5652 §5.1): `SignedData` that signs nothing and carries a chain, as
 * .p7b files do. In file order; signatures, where there are any, are passed over.
 *
 * @throws SealwrightError `INVALID_ENCODING`, `LIMIT_EXCEEDED`; or the signal's reason
 */
export async function readPkcs7Certificates(
  contentInfo: BerElement,
  signal?: AbortSignal,
): Promise<readonly X509Certificate[]> {
  const info = new SequenceReader(contentInfo, what)
  const type = info.objectIdentifier('contentType')
  if (type !== contentTypes.signedData)
    throw malformed(what, `holds content of type ${type}, and no certificates`)
  const data = new SequenceReader(unwrapExplicit(info.any('content'), tags.context0, what), what)
  info.end()
  data.integer('version')
  data.any('digestAlgorithms')
  data.any('contentInfo')
  // CertificateSet also has kinds with tags of their own, which nobody makes any more.
  const elements = (data.optional(tags.context0)?.children ?? []).filter(({ tag }) => tag === tags.sequence)
  if (elements.length > maximumCertificates) {
    throw new SealwrightError(
      'LIMIT_EXCEEDED',
      `${what} holds ${elements.length} certificates; ${maximumCertificates} are allowed`,
    )
  }
  const certificates: X509Certificate[] = []
  const slices = new TimeSlices(signal)
  for (const { bytes } of elements) {
    // Giving up the thread is the point.
    // oxlint-disable-next-line no-await-in-loop
    await slices.pause()
    certificates.push(readCertificate(bytes, what))
  }
  return certificates
}
