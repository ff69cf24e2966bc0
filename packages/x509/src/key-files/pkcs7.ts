import type { X509Certificate } from 'node:crypto'
import { malformed, tags, type BerElement } from '../asn1/ber.ts'
import { SequenceReader } from '../asn1/sequence-reader.ts'
import { elementsOf, unwrapExplicit } from '../asn1/values.ts'
import { readCertificate } from '../certificates/read-certificate.ts'
import {
  describeRevocationListInSlices,
  type DescribedRevocationList,
} from '../certificates/show/revocation-list.ts'
import { itemLimitExceeded, readItemInSlices } from '../limits.ts'
import { contentTypes } from '../pkcs12/object-identifiers.ts'
import type { SkippedItems } from '../skipped-items.ts'
import { TimeSlices } from '../time-slices.ts'
import type { KeyFileLimits } from './key-file.ts'

const source = 'the PKCS#7 file'
/** The levels of a file that are read: a certificate is one value. */
export const pkcs7Levels = 5

/** Certificates and CRLs, each in file order. */
interface Pkcs7Contents {
  readonly certificates: readonly X509Certificate[]
  readonly revocationLists: readonly DescribedRevocationList[]
}

/**
 * Reads a PKCS#7 file (RFC 2315 §9.1, RFC 5652 §5.1): `SignedData` that signs nothing and carries a chain, as .p7b files do.
 * Signatures in it are ignored.
 *
 * @param contentInfo read to {@link pkcs7Levels}
 * @param skipped gets the certificates and CRLs that cannot be read
 * @throws SealwrightError `INVALID_ENCODING`, `LIMIT_EXCEEDED`; or the signal's reason
 */
export async function readPkcs7(
  contentInfo: BerElement,
  skipped: SkippedItems,
  limits: KeyFileLimits,
  signal?: AbortSignal,
): Promise<Pkcs7Contents> {
  const info = new SequenceReader(contentInfo, source)
  const type = info.objectIdentifier('contentType')
  if (type !== contentTypes.signedData) {
    throw malformed(source, `holds content of type ${type}, which has no certificates`)
  }
  const data = new SequenceReader(unwrapExplicit(info.any('content'), tags.context0, source), source)
  info.end()
  data.integer('version')
  data.any('digestAlgorithms')
  data.any('contentInfo')
  const certificateFields = elementsOf(data.optional(tags.context0), source).filter(isSequence)
  const listFields = elementsOf(data.optional(tags.context1), source).filter(isSequence)
  const count = certificateFields.length + listFields.length
  if (count > limits.blocks) {
    throw itemLimitExceeded(`${source} has ${count} certificates and CRLs`, limits.blocks, 'blocks')
  }
  const certificates: X509Certificate[] = []
  const revocationLists: DescribedRevocationList[] = []
  const slices = new TimeSlices(signal)
  for (const { bytes } of certificateFields) {
    // The loop yields to the event loop on purpose.
    // oxlint-disable-next-line no-await-in-loop
    await slices.pause()
    try {
      certificates.push(readCertificate(bytes, source))
    } catch (error) {
      skipped.add(`a certificate in ${source}`, error)
    }
  }
  for (const { bytes } of listFields) {
    // oxlint-disable-next-line no-await-in-loop
    await slices.pause()
    try {
      revocationLists.push(
        // oxlint-disable-next-line no-await-in-loop
        await readItemInSlices(() =>
          describeRevocationListInSlices(
            bytes,
            { revocationListElements: limits.revocationListElements },
            slices,
          ),
        ),
      )
    } catch (error) {
      skipped.add(`a CRL in ${source}`, error)
    }
  }
  return { certificates, revocationLists }
}

/** CertificateSet also has other kinds with their own tags. They are obsolete. */
function isSequence({ tag }: BerElement): boolean {
  return tag === tags.sequence
}
