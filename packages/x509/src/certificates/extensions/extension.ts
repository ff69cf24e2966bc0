import { Extension } from 'pkijs'
import { malformed, readBer, tags, type BerBudget, type BerElement } from '../../asn1/ber.ts'
import { SequenceReader } from '../../asn1/sequence-reader.ts'
import { decodeBoolean } from '../../asn1/values.ts'
import { encodeDer, type DerValue } from '../../asn1/encode.ts'

/**
 * One kind of extension: how it is written and how it is read. Each file in this folder holds one, and
 * `certificate-extensions.ts` lists them all.
 *
 * @internal
 */
export interface ExtensionKind<Wanted, Read> {
  readonly oid: string
  /** Whether a new certificate marks it critical. */
  readonly critical: boolean
  /**
   * @returns null for a value that leaves the extension out
   * @throws SealwrightError `INVALID_ARGUMENT`
   */
  readonly encode: (wanted: Wanted) => DerValue | null
  /**
   * @param name for messages
   * @throws SealwrightError `INVALID_ENCODING`
   */
  readonly decode: (element: BerElement, name: string) => Read
}

/** An extension as it was read, or one that is written as it is given. */
export interface CustomExtension {
  /** OBJECT IDENTIFIER in dotted form. */
  readonly oid: string
  /** Readers that do not know a critical extension refuse the certificate. */
  readonly critical: boolean
  /** DER of one value. */
  readonly value: Uint8Array
}

/** Limits on reading one extension. */
export const extensionBudget: Readonly<BerBudget> = Object.freeze({ elements: 10_000, depth: 32 })

/**
 * Extension (RFC 5280 §4.1).
 *
 * @internal
 */
export function extension(extnID: string, critical: boolean, value: DerValue): Extension {
  return new Extension({ extnID, critical, extnValue: encodeDer(value).buffer })
}

/**
 * Reads Extensions (RFC 5280 §4.1): `SEQUENCE SIZE (1..MAX) OF Extension`.
 *
 * @throws SealwrightError `INVALID_ENCODING`, also for a duplicate extension
 */
export function readExtensions(element: BerElement, source: string): readonly CustomExtension[] {
  if (element.tag !== tags.sequence || element.children.length === 0)
    throw malformed(source, 'has malformed extensions')
  const extensions = element.children.map((child) => readExtension(child, source))
  if (new Set(extensions.map(({ oid }) => oid)).size < extensions.length) {
    throw malformed(source, 'has the same extension twice')
  }
  return extensions
}

function readExtension(element: BerElement, source: string): CustomExtension {
  const reader = new SequenceReader(element, `an extension of ${source}`)
  const oid = reader.objectIdentifier('extnID')
  const criticalField = reader.optional(tags.boolean)
  const value = reader.octetString('extnValue')
  reader.end()
  const critical = criticalField !== null && decodeBoolean(criticalField, `the criticality of ${oid}`)
  return { oid, critical, value }
}

/**
 * The value of the extension of that kind, where it is among those that were read.
 *
 * @returns null where it is not
 * @throws SealwrightError `INVALID_ENCODING`, `LIMIT_EXCEEDED`
 *
 * @internal
 */
export function decodeExtension<Read>(
  extensions: readonly CustomExtension[],
  kind: Pick<ExtensionKind<never, Read>, 'oid' | 'decode'>,
  source: string,
): Read | null {
  const found = extensions.find(({ oid }) => oid === kind.oid)
  if (found === undefined) return null
  const name = `the extension ${kind.oid} of ${source}`
  return kind.decode(readBer(found.value, name, { ...extensionBudget }), name)
}

/**
 * The elements of a SEQUENCE OF.
 *
 * @throws SealwrightError `INVALID_ENCODING`
 *
 * @internal
 */
export function itemsOf(element: BerElement, name: string): readonly BerElement[] {
  if (element.tag !== tags.sequence) throw malformed(name, 'is not a SEQUENCE')
  return element.children
}
