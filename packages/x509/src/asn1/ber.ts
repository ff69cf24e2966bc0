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

/** The remaining budget of one untrusted file; shared by every parse of its parts. */
export interface BerBudget {
  /** Elements left. */
  elements: number
  /** The deepest nesting in one parse. */
  readonly depth: number
  /** For messages: the options that raise the two limits. Absent where nothing raises them. */
  readonly raisedBy?: { readonly elements: string; readonly depth?: string }
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
 * @param source for messages, such as `the PKCS#12 file`
 * @throws SealwrightError `INVALID_ENCODING` for anything but one whole BER element, `LIMIT_EXCEEDED` for the budget
 */
export function readBer(bytes: Uint8Array, source: string, budget: BerBudget): BerElement {
  const element = new Parser(bytes, source, budget, Infinity).element(0, bytes.length, 1)
  if (element.bytes.length !== bytes.length) throw longer(bytes, element, source)
  return element
}

/**
 * Reads one element from a file: zeros, white space and Ctrl-Z after its end are passed over. Windows pads .p7b files with zeros,
 * editors end a file with a line break, and DOS ended one with Ctrl-Z. Elements below `levels` are not read where their length is definite; they have
 * no `children`.
 *
 * @param levels 1 is only the outermost element. Default: all
 * @throws SealwrightError as {@link readBer}
 */
export function readPadded(
  bytes: Uint8Array,
  source: string,
  budget: BerBudget,
  levels: number = Infinity,
): BerElement {
  const element = readFirst(bytes, source, budget, levels)
  const rest = bytes.subarray(element.bytes.length)
  if (!rest.every((octet) => padding.has(octet))) {
    throw longer(bytes, element, source)
  }
  return element
}

/** NUL, tab, LF, CR, Ctrl-Z and space. */
const padding: ReadonlySet<number> = new Set([0x00, 0x09, 0x0a, 0x0d, 0x1a, 0x20])

/**
 * Reads the first element and ignores what comes after it; otherwise as {@link readPadded}.
 *
 * @throws SealwrightError as {@link readBer}
 */
export function readFirst(
  bytes: Uint8Array,
  source: string,
  budget: BerBudget,
  levels: number = Infinity,
): BerElement {
  return new Parser(bytes, source, budget, levels).element(0, bytes.length, 1)
}

function longer(bytes: Uint8Array, element: BerElement, source: string): SealwrightError {
  return malformed(source, `has ${bytes.length - element.bytes.length} bytes after its end`)
}

/** One parse. Its recursion is as deep as `budget.depth`, so the stack is bounded with it. */
class Parser {
  readonly #bytes: Uint8Array
  readonly #source: string
  readonly #budget: BerBudget
  readonly #levels: number

  /** @param levels constructed elements on and below this level are left unread where their length is definite */
  constructor(bytes: Uint8Array, source: string, budget: BerBudget, levels: number) {
    this.#bytes = bytes
    this.#source = source
    this.#budget = budget
    this.#levels = levels
  }

  /** The element at `start`; nothing at or after `limit` is read. */
  element(start: number, limit: number, depth: number): BerElement {
    this.#charge(depth)
    const identifier = this.#octet(start, limit)
    // Universal 0 is the end-of-contents marker, which belongs after a value of indefinite length and nowhere else.
    if ((identifier & ~0x20) === 0)
      throw malformed(this.#source, 'holds an end-of-contents marker out of place')
    if ((identifier & 0x1f) === 0x1f) throw malformed(this.#source, 'holds a tag number above 30')
    const constructed = (identifier & 0x20) !== 0
    // X.690 §8.9.1 and §8.11.1. OpenSSL reads what is in such a list, and would see a name that is empty here.
    if (identifier === tags.sequence || identifier === tags.set)
      throw malformed(this.#source, 'holds a SEQUENCE or SET that is not constructed')
    const { contentStart, length } = this.#length(start + 1, limit)

    const children: BerElement[] = []
    let contentEnd: number
    let end: number
    if (length === null) {
      if (!constructed) throw malformed(this.#source, 'holds a primitive value of indefinite length')
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
      if (constructed && depth < this.#levels) {
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
    if (octets > 4) throw malformed(this.#source, `holds a length of ${octets} octets`)
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
      throw malformed(this.#source, `is cut off: a value of ${length} bytes has ${limit - contentStart} left`)
    }
    return { contentStart, length }
  }

  #isEndOfContents(at: number, limit: number): boolean {
    return this.#octet(at, limit) === 0 && this.#octet(at + 1, limit) === 0
  }

  #octet(at: number, limit: number): number {
    const octet = at < limit ? this.#bytes[at] : undefined
    if (octet === undefined) throw malformed(this.#source, 'is cut off')
    return octet
  }

  #charge(depth: number): void {
    if (depth > this.#budget.depth) throw tooDeep(this.#source, this.#budget)
    if (this.#budget.elements <= 0) {
      throw new SealwrightError(
        'LIMIT_EXCEEDED',
        `${this.#source} holds more ASN.1 values than are allowed${remedy(this.#budget.raisedBy?.elements)}`,
      )
    }
    this.#budget.elements--
  }
}

export function tooDeep(source: string, { depth, raisedBy }: BerBudget): SealwrightError {
  return new SealwrightError(
    'LIMIT_EXCEEDED',
    `${source} is nested more than ${depth} deep${remedy(raisedBy?.depth)}`,
  )
}

function remedy(option: string | undefined): string {
  return option === undefined ? '' : `; ${option} raises the limit`
}

export function malformed(source: string, problem: string, cause?: unknown): SealwrightError {
  return new SealwrightError('INVALID_ENCODING', `${source} ${problem}`, { cause })
}
