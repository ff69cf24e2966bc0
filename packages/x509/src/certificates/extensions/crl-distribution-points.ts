import { CRLDistributionPoints, DistributionPoint } from 'pkijs'
import { tags } from '../../asn1/ber.ts'
import { SequenceReader } from '../../asn1/sequence-reader.ts'
import { elementsOf } from '../../asn1/values.ts'
import { decodeGeneralName, generalNameOf, urisOf } from '../../names/general-name.ts'
import { itemsOf, type ExtensionKind } from './extension.ts'

/** RFC 5280 §4.2.1.13: a list of URIs, each in a DistributionPoint of its own as its fullName. */
export const crlDistributionPoints: ExtensionKind<readonly string[], readonly string[]> = {
  oid: '2.5.29.31',
  critical: false,
  encode: (uris) => {
    if (uris.length === 0) return null
    const distributionPoints = uris.map(
      (value) => new DistributionPoint({ distributionPoint: [generalNameOf({ type: 'uri', value })] }),
    )
    return new CRLDistributionPoints({ distributionPoints })
  },
  decode: (element, name) =>
    itemsOf(element, name).flatMap((child) => {
      const point = new SequenceReader(child, name).optional(tags.context0)
      const [fullName] = point?.children ?? []
      if (fullName?.tag !== tags.context0) return []
      return urisOf(elementsOf(fullName, name).map((each) => decodeGeneralName(each, name)))
    }),
}
