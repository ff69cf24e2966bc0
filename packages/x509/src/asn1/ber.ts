import { SealwrightError } from '@sealwright/core'

/**
 * A bounded reader of BER (X.690 §8), the encoding PKCS#12 files come in. It is the only parser that untrusted ASN.1
 * meets before its MAC is checked, so it is small, never copies, refuses what it need not understand (tag numbers above 30,
 * lengths over 2^32) and charges every element to a budget that covers the whole file.
 */
export interface BerElement {
  /** The first identifier octet without the constructed bit: class and tag number, as in {@link tags}. */
  readonly tag: number
  readonly constructed: boolean
  /** The contents octets, without end-of-contents octets. A view of the input. */
  readonly content: Uint8Array
  /** The whole element, header included. A view of the input. */
  readonly bytes: Uint8Array
  /** Of a constructed element; empty for a primitive one. */
  readonly children: readonly BerElement[]
}

/** What one untrusted file may still use up; shared by every parse of its parts. */
export interface BerBudget {
  /** Elements left. */
  elements: number
  /** The deepest nesting in one parse. */
  readonly depth: number
}

export const tags = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  null: 0x05,
  objectIdentifier: 0x06,
  enumerated: 0x0a,
  utf8String: 0x0c,
  sequence: 0x10,
  set: 0x11,
  printableString: 0x13,
  teletexString: 0x14,
  ia5String: 0x16,
  utcTime: 0x17,
  generalizedTime: 0x18,
  universalString: 0x1c,
  bmpString: 0x1e,
  /** Context-specific. */
  context0: 0x80,
  context1: 0x81,
  context2: 0x82,
  context3: 0x83,
} as const

/**
 * Reads exactly one element.
 *
 * @param what for messages, such as `the PKCS#12 file`
 * @throws SealwrightError `INVALID_ENCODING` for anything but one whole BER element, `LIMIT_EXCEEDED` for the budget
 */
export function readBer(bytes: Uint8Array, what: string, budget: BerBudget): BerElement {
  const parser = new Parser(bytes, what, budget)
  const element = parser.element(0, bytes.length, 1)
  if (element.bytes.length !== bytes.length) {
    throw malformed(what, `has ${bytes.length - element.bytes.length} bytes after its end`)
  }
  return element
}

/** One parse. Its recursion is as deep as `budget.depth`, so the stack is bounded with it. */
class Parser {
  readonly #bytes: Uint8Array
  readonly #what: string
  readonly #budget: BerBudget

  constructor(bytes: Uint8Array, what: string, budget: BerBudget) {
    this.#bytes = bytes
    this.#what = what
    this.#budget = budget
  }

  /** The element at `start`; nothing at or after `limit` is looked at. */
  element(start: number, limit: number, depth: number): BerElement {
    this.#charge(depth)
    const identifier = this.#octet(start, limit)
    // Universal 0 is the end-of-contents marker, which belongs after a value of indefinite length and nowhere else.
    if ((identifier & ~0x20) === 0)
      throw malformed(this.#what, 'holds an end-of-contents marker out of place')
    if ((identifier & 0x1f) === 0x1f) throw malformed(this.#what, 'holds a tag number above 30')
    const constructed = (identifier & 0x20) !== 0
    const { contentStart, length } = this.#length(start + 1, limit)

    const children: BerElement[] = []
    let contentEnd: number
    let end: number
    if (length === null) {
      if (!constructed) throw malformed(this.#what, 'holds a primitive value of indefinite length')
      contentEnd = contentStart
      while (!this.#isEndOfContents(contentEnd, limit)) {
        const child = this.element(contentEnd, limit, depth + 1)
        children.push(child)
        contentEnd += child.bytes.length
      }
      end = contentEnd + 2
    } else {
      contentEnd = contentStart + length
      end = contentEnd
      if (constructed) {
        for (let next = contentStart; next < contentEnd;) {
          const child = this.element(next, contentEnd, depth + 1)
          children.push(child)
          next += child.bytes.length
        }
      }
    }
    return {
      tag: identifier & ~0x20,
      constructed,
      content: this.#bytes.subarray(contentStart, contentEnd),
      bytes: this.#bytes.subarray(start, end),
      children,
    }
  }

  /** X.690 §8.1.3. Null is the indefinite form. */
  #length(start: number, limit: number): { contentStart: number; length: number | null } {
    const first = this.#octet(start, limit)
    if (first < 0x80) return this.#checkedLength(start + 1, first, limit)
    if (first === 0x80) return { contentStart: start + 1, length: null }
    const octets = first & 0x7f
    if (octets > 4) throw malformed(this.#what, `holds a length of ${octets} octets`)
    let length = 0
    for (let index = 1; index <= octets; index++) length = length * 256 + this.#octet(start + index, limit)
    return this.#checkedLength(start + 1 + octets, length, limit)
  }

  #checkedLength(
    contentStart: number,
    length: number,
    limit: number,
  ): { contentStart: number; length: number } {
    if (length > limit - contentStart) {
      throw malformed(this.#what, `is cut off: a value of ${length} bytes has ${limit - contentStart} left`)
    }
    return { contentStart, length }
  }

  #isEndOfContents(at: number, limit: number): boolean {
    return this.#octet(at, limit) === 0 && this.#octet(at + 1, limit) === 0
  }

  #octet(at: number, limit: number): number {
    const octet = at < limit ? this.#bytes[at] : undefined
    if (octet === undefined) throw malformed(this.#what, 'is cut off')
    return octet
  }

  #charge(depth: number): void {
    if (depth > this.#budget.depth) {
      throw new SealwrightError(
        'LIMIT_EXCEEDED',
        `${this.#what} is nested more than ${this.#budget.depth} deep`,
      )
    }
    if (this.#budget.elements <= 0) {
      throw new SealwrightError('LIMIT_EXCEEDED', `${this.#what} holds more ASN.1 elements than allowed`)
    }
    this.#budget.elements--
  }
}

/**
 * Takes the fields of a SEQUENCE one after the other. Every method throws `INVALID_ENCODING` where the next field is not
 * what is asked for.
 */
export class SequenceReader {
  readonly #what: string
  readonly #fields: readonly BerElement[]
  #next = 0

  /** @param what for messages, such as `MacData` */
  constructor(element: BerElement, what: string) {
    if (element.tag !== tags.sequence || !element.constructed) throw malformed(what, 'is not a SEQUENCE')
    this.#what = what
    this.#fields = element.children
  }

  /** The next field, whatever it is. */
  any(field: string): BerElement {
    const element = this.#fields[this.#next]
    if (element === undefined) throw malformed(this.#what, `has no ${field}`)
    this.#next++
    return element
  }

  /** The next field where it has that tag; null, and nothing taken, where it has not or there is none. */
  optional(tag: number): BerElement | null {
    const element = this.#fields[this.#next]
    if (element?.tag !== tag) return null
    this.#next++
    return element
  }

  objectIdentifier(field: string): string {
    return decodeObjectIdentifier(this.any(field), `${this.#what} ${field}`)
  }

  octetString(field: string): Uint8Array {
    return decodeOctetString(this.any(field), tags.octetString, `${this.#what} ${field}`)
  }

  integer(field: string): number {
    return decodeInteger(this.any(field), `${this.#what} ${field}`)
  }

  sequence(field: string): SequenceReader {
    return new SequenceReader(this.any(field), `${this.#what} ${field}`)
  }

  /** The one element in a field tagged `[n] EXPLICIT`. */
  explicit(tag: number, field: string): BerElement {
    return unwrapExplicit(this.any(field), tag, `${this.#what} ${field}`)
  }

  /** @throws SealwrightError `INVALID_ENCODING` when a field is left */
  end(): void {
    if (this.#next < this.#fields.length) throw malformed(this.#what, 'has more fields than it should')
  }
}

/** The one element in a value tagged `[n] EXPLICIT`. */
export function unwrapExplicit(element: BerElement, tag: number, what: string): BerElement {
  const [inner] = element.children
  if (element.tag !== tag || inner === undefined || element.children.length !== 1) {
    throw malformed(what, 'is not the one tagged value it should be')
  }
  return inner
}

/**
 * The bytes of an OCTET STRING, or of one with another tag, put together where BER has it in segments (X.690 §8.7).
 *
 * @param tag that of the outermost element; segments are always universal
 */
export function decodeOctetString(element: BerElement, tag: number, what: string): Uint8Array {
  if (element.tag !== tag) throw malformed(what, 'is not an OCTET STRING')
  if (!element.constructed) return element.content
  const segments: Uint8Array[] = []
  collectSegments(element, segments, what)
  return Uint8Array.from(Buffer.concat(segments))
}

function collectSegments(element: BerElement, segments: Uint8Array[], what: string): void {
  for (const child of element.children) {
    if (child.tag !== tags.octetString) throw malformed(what, 'has a segment that is not an OCTET STRING')
    if (child.constructed) collectSegments(child, segments, what)
    else segments.push(child.content)
  }
}

/**
 * A small INTEGER. X.690 §8.3.2 wants the shortest form in BER too, so a long one is a large number or no number at all.
 *
 * @returns negative numbers as well
 * @throws SealwrightError `LIMIT_EXCEEDED` for more than four octets
 */
export function decodeInteger(element: BerElement, what: string): number {
  const { content } = element
  const [first, second] = content
  if (element.tag !== tags.integer || element.constructed || first === undefined) {
    throw malformed(what, 'is not an INTEGER')
  }
  if (second !== undefined && (first === 0 ? second < 0x80 : first === 0xff && second >= 0x80)) {
    throw malformed(what, 'is an INTEGER in a form longer than its shortest')
  }
  if (content.length > 4) {
    throw new SealwrightError(
      'LIMIT_EXCEEDED',
      `${what} is a number of ${content.length} bytes; 4 are allowed`,
    )
  }
  return Buffer.from(content).readIntBE(0, content.length)
}

/** BOOLEAN in DER: anything but FF for TRUE is refused. */
export function decodeBoolean({ tag, content }: BerElement, what: string): boolean {
  const [octet] = content
  if (tag !== tags.boolean || content.length !== 1 || (octet !== 0 && octet !== 0xff)) {
    throw malformed(what, 'is not a BOOLEAN')
  }
  return octet === 0xff
}

/** The bytes of a BIT STRING, which ends with a whole octet where `unusedBits` is 0. */
export function decodeBitString(
  { tag, constructed, content }: BerElement,
  what: string,
): { readonly bytes: Uint8Array; readonly unusedBits: number } {
  const [unusedBits = 8] = content
  if (tag !== tags.bitString || constructed || unusedBits > 7 || (content.length === 1 && unusedBits > 0)) {
    throw malformed(what, 'is not a BIT STRING')
  }
  return { bytes: content.subarray(1), unusedBits }
}

/**
 * Whether the value and all in it have definite lengths in the fewest octets (X.690 §10.1): what may go into DER as it is.
 */
export function hasDerLengths({ bytes, content, children }: BerElement): boolean {
  const { length } = content
  const lengthOctets = length < 0x80 ? 1 : 1 + Math.ceil(length.toString(16).length / 2)
  return bytes[1] !== 0x80 && bytes.length === 1 + lengthOctets + length && children.every(hasDerLengths)
}

/** An OBJECT IDENTIFIER in dotted form (X.690 §8.19). */
export function decodeObjectIdentifier(element: BerElement, what: string): string {
  const { content } = element
  if (
    element.tag !== tags.objectIdentifier ||
    element.constructed ||
    content.length === 0 ||
    content.length > 64
  ) {
    throw malformed(what, 'is not an OBJECT IDENTIFIER')
  }
  const arcs: number[] = []
  let arc = 0
  let first = true
  for (const octet of content) {
    if (first && octet === 0x80) throw malformed(what, 'has an OBJECT IDENTIFIER with a padded number')
    arc = arc * 128 + (octet & 0x7f)
    if (arc > Number.MAX_SAFE_INTEGER) throw malformed(what, 'has an OBJECT IDENTIFIER with a huge number')
    first = octet < 0x80
    if (first) {
      arcs.push(arc)
      arc = 0
    }
  }
  if (!first) throw malformed(what, 'has an OBJECT IDENTIFIER that is cut off')
  const [head = 0, ...rest] = arcs
  // The first two numbers share one: 40·X + Y, where X is at most 2.
  const root = Math.min(Math.floor(head / 40), 2)
  return [root, head - 40 * root, ...rest].join('.')
}

export function malformed(what: string, problem: string, cause?: unknown): SealwrightError {
  return new SealwrightError(
    'INVALID_ENCODING',
    `${what} ${problem}`,
    cause === undefined ? undefined : { cause },
  )
}
