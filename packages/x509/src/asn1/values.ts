import { ItemLimitExceeded } from '../limits.ts'
import { malformed, tags, type BerElement } from './ber.ts'

/** The one element in a value tagged `[n] EXPLICIT`. */
export function unwrapExplicit(element: BerElement, tag: number, source: string): BerElement {
  const [inner] = element.children
  if (element.tag !== tag || inner === undefined || element.children.length !== 1) {
    throw malformed(source, 'is not a single value with the expected tag')
  }
  return inner
}

/**
 * The elements of `[n] IMPLICIT SEQUENCE OF` or `SET OF`; none where it is absent.
 *
 * @param field null where it is absent
 * @throws SealwrightError `INVALID_ENCODING` for one that is not constructed, whose elements OpenSSL reads nevertheless
 */
export function elementsOf(field: BerElement | null, source: string): readonly BerElement[] {
  if (field?.constructed === false) throw malformed(source, 'has a list that is not constructed')
  return field?.children ?? []
}

/**
 * The bytes of an OCTET STRING, or of one with another tag, joined where BER splits them into segments (X.690 §8.7).
 *
 * @param tag that of the outermost element; segments are always universal
 */
export function decodeOctetString(element: BerElement, tag: number, source: string): Uint8Array {
  if (element.tag !== tag) throw malformed(source, 'is not an OCTET STRING')
  if (!element.constructed) return element.content
  const segments: Uint8Array[] = []
  collectSegments(element, segments, source)
  return Uint8Array.from(Buffer.concat(segments))
}

function collectSegments(element: BerElement, segments: Uint8Array[], source: string): void {
  for (const child of element.children) {
    if (child.tag !== tags.octetString) throw malformed(source, 'has a segment that is not an OCTET STRING')
    if (child.constructed) collectSegments(child, segments, source)
    else segments.push(child.content)
  }
}

/**
 * A small INTEGER. X.690 §8.3.2 wants the shortest form in BER too, so a long one is a large number or no number at all.
 *
 * @returns negative numbers as well
 * @throws SealwrightError `LIMIT_EXCEEDED` for more than four octets
 */
export function decodeInteger(element: BerElement, source: string): number {
  const { content } = element
  const [first, second] = content
  if (element.tag !== tags.integer || element.constructed || first === undefined) {
    throw malformed(source, 'is not an INTEGER')
  }
  if (second !== undefined && (first === 0 ? second < 0x80 : first === 0xff && second >= 0x80)) {
    throw malformed(source, 'is an INTEGER that is not in its shortest form')
  }
  if (content.length > 4) {
    throw new ItemLimitExceeded(`${source} is a number of ${content.length} bytes; at most 4 are allowed`)
  }
  return Buffer.from(content).readIntBE(0, content.length)
}

/** BOOLEAN in DER: anything but FF for TRUE is refused. */
export function decodeBoolean({ tag, content }: BerElement, source: string): boolean {
  const [octet] = content
  if (tag !== tags.boolean || content.length !== 1 || (octet !== 0 && octet !== 0xff)) {
    throw malformed(source, 'is not a BOOLEAN')
  }
  return octet === 0xff
}

/** The bytes of a BIT STRING, which ends with a whole octet where `unusedBits` is 0. */
export function decodeBitString(
  { tag, constructed, content }: BerElement,
  source: string,
): { readonly bytes: Uint8Array; readonly unusedBits: number } {
  const [unusedBits = 8] = content
  if (tag !== tags.bitString || constructed || unusedBits > 7 || (content.length === 1 && unusedBits > 0)) {
    throw malformed(source, 'is not a BIT STRING')
  }
  return { bytes: content.subarray(1), unusedBits }
}

/**
 * Whether the value and all values in it have definite lengths with the fewest octets (X.690 §10.1), so it can be
 * embedded in DER.
 */
export function hasDerLengths({ bytes, content, children }: BerElement): boolean {
  const { length } = content
  const lengthOctets = length < 0x80 ? 1 : 1 + Math.ceil(length.toString(16).length / 2)
  return bytes[1] !== 0x80 && bytes.length === 1 + lengthOctets + length && children.every(hasDerLengths)
}

/** Real ones have some twenty. Numbers are of any size: those of 2.25 are UUIDs (X.667). */
const maximumIdentifierLength = 128

/** An OBJECT IDENTIFIER in dotted form (X.690 §8.19). */
export function decodeObjectIdentifier(element: BerElement, source: string): string {
  const { content } = element
  if (element.tag !== tags.objectIdentifier || element.constructed || content.length === 0) {
    throw malformed(source, 'is not an OBJECT IDENTIFIER')
  }
  if (content.length > maximumIdentifierLength) {
    throw malformed(
      source,
      `has an OBJECT IDENTIFIER of ${content.length} bytes; ${maximumIdentifierLength} are read`,
    )
  }
  if ((content.at(-1) ?? 0) >= 0x80) throw malformed(source, 'has an OBJECT IDENTIFIER that is cut off')
  const arcs: (number | bigint)[] = []
  let start = 0
  for (let at = 0; at < content.length; at++) {
    const octet = content[at] ?? 0
    if (at === start && octet === 0x80)
      throw malformed(source, 'has an OBJECT IDENTIFIER with a padded number')
    if (octet >= 0x80) continue
    arcs.push(arcOf(content, start, at))
    start = at + 1
  }
  const [head = 0, ...rest] = arcs
  // The first two numbers share one: 40·X + Y, where X is at most 2.
  const root = head < 80 ? Math.floor(Number(head) / 40) : 2
  return [root, typeof head === 'bigint' ? head - 80n : head - 40 * root, ...rest].join('.')
}

/** Seven bits each. A number cannot hold seven octets or more exactly. */
function arcOf(content: Uint8Array, start: number, last: number): number | bigint {
  if (last - start >= 7) {
    return content.subarray(start, last + 1).reduce((arc, octet) => (arc << 7n) | BigInt(octet & 0x7f), 0n)
  }
  let arc = 0
  for (let at = start; at <= last; at++) arc = arc * 128 + ((content[at] ?? 0) & 0x7f)
  return arc
}
