import { invalidArgument } from '@sealwright/core/internal'
import { BasicConstraints as PkiBasicConstraints } from 'pkijs'
import { malformed, tags } from '../../asn1/ber.ts'
import { SequenceReader } from '../../asn1/sequence-reader.ts'
import { decodeBoolean, decodeInteger } from '../../asn1/values.ts'
import type { ExtensionKind } from './extension.ts'

/** Whether the key is that of a CA (RFC 5280 §4.2.1.9). */
export interface BasicConstraints {
  /** Whether the certificate is a CA's. */
  readonly ca: boolean
  /** Of a CA: how many CAs there may be below it, from 0 to 100. Without it, any number. */
  readonly pathLength?: number | undefined
}

/**
 * RFC 5280 §4.2.1.9.
 *
 * @internal
 */
export const basicConstraints: ExtensionKind<BasicConstraints, BasicConstraints> = {
  oid: '2.5.29.19',
  critical: true,
  encode: ({ ca, pathLength }) => {
    if (
      pathLength !== undefined &&
      (!ca || !Number.isInteger(pathLength) || pathLength < 0 || pathLength > 100)
    ) {
      throw invalidArgument('a path length must be a whole number from 0 to 100, and only a CA can have one')
    }
    return new PkiBasicConstraints({
      cA: ca,
      ...(pathLength !== undefined && { pathLenConstraint: pathLength }),
    })
  },
  decode: (element, name) => {
    const reader = new SequenceReader(element, name)
    const caField = reader.optional(tags.boolean)
    const pathLengthField = reader.optional(tags.integer)
    reader.end()
    const ca = caField !== null && decodeBoolean(caField, name)
    if (pathLengthField === null) return { ca }
    const pathLength = decodeInteger(pathLengthField, name)
    if (pathLength < 0) throw malformed(name, 'has a negative path length')
    return { ca, pathLength }
  },
}
