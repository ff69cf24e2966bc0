import { GeneralSubtree, NameConstraints as PkiNameConstraints } from 'pkijs'
import { tags, type BerElement } from '../../asn1/ber.ts'
import { SequenceReader } from '../../asn1/sequence-reader.ts'
import { elementsOf } from '../../asn1/values.ts'
import type { GeneralName } from '../../names/general-name.ts'
import { decodeNameConstraint, nameConstraintOf, type NameConstraint } from '../../names/name-constraint.ts'
import type { ExtensionKind } from './extension.ts'

/** The names that a CA may issue certificates for (RFC 5280 §4.2.1.10). */
export interface NameConstraints {
  /** Names of the types that are listed here have to be within one of these. */
  readonly permitted?: readonly NameConstraint[] | undefined
  /** No name may be within one of these. */
  readonly excluded?: readonly NameConstraint[] | undefined
}

/** Name constraints as a certificate has them. */
export interface ReadNameConstraints {
  /** Empty where the extension has none. */
  readonly permitted: readonly GeneralName[]
  /** Empty where the extension has none. */
  readonly excluded: readonly GeneralName[]
}

/**
 * RFC 5280 §4.2.1.10.
 *
 * @internal
 */
export const nameConstraints: ExtensionKind<NameConstraints, ReadNameConstraints> = {
  oid: '2.5.29.30',
  critical: true,
  encode: ({ permitted = [], excluded = [] }) => {
    // One of the two has to be there.
    if (permitted.length + excluded.length === 0) return null
    return new PkiNameConstraints({
      ...(permitted.length > 0 && { permittedSubtrees: permitted.map(subtreeOf) }),
      ...(excluded.length > 0 && { excludedSubtrees: excluded.map(subtreeOf) }),
    })
  },
  decode: (element, name) => {
    const reader = new SequenceReader(element, name)
    const subtrees = (field: BerElement | null): readonly GeneralName[] =>
      elementsOf(field, name).map((child) => decodeNameConstraint(child, name))
    const permitted = subtrees(reader.optional(tags.context0))
    const excluded = subtrees(reader.optional(tags.context1))
    reader.end()
    return { permitted, excluded }
  },
}

function subtreeOf(constraint: NameConstraint): GeneralSubtree {
  return new GeneralSubtree({ base: nameConstraintOf(constraint) })
}
