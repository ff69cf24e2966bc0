import type { X509Certificate } from 'node:crypto'
import { SealwrightError } from '@sealwright/core'
import {
  decodeObjectIdentifier,
  malformed,
  readBer,
  SequenceReader,
  tags,
  type BerElement,
} from './asn1/ber.ts'
import { encodeDer, objectIdentifier, sequence, setOf, universal, type DerValue } from './asn1/der.ts'
import {
  attributeTypeByName,
  attributeTypeByOid,
  type AttributeType,
  type StringType,
} from './attribute-types.ts'

/**
 * The subject of a certificate as an RFC 4514 string: the most specific name first, whatever is not printable escaped.
 *
 * @throws SealwrightError `INVALID_ENCODING`, `LIMIT_EXCEEDED` for a certificate whose name cannot be read
 */
export function distinguishedName(certificate: X509Certificate): string {
  const what = 'the certificate'
  const root = new SequenceReader(readBer(certificate.raw, what, { elements: 100_000, depth: 64 }), what)
  const tbs = root.sequence('tbsCertificate')
  tbs.optional(tags.context0)
  for (const field of ['serialNumber', 'signature', 'issuer', 'validity']) tbs.any(field)
  return formatName(tbs.any('subject'))
}

/**
 * The one spelling Sealwright gives a distinguished name: what {@link distinguishedName} would return for a certificate made
 * with it. For comparing names that people typed.
 *
 * @throws SealwrightError `INVALID_ARGUMENT` when it is none that a certificate can be made with
 */
export function normalizeDistinguishedName(text: string): string {
  return formatName(
    readBer(encodeDistinguishedName(text), 'the distinguished name', { elements: 10_000, depth: 8 }),
  )
}

/**
 * The DER of the Name (RFC 5280 §4.1.2.4) that an RFC 4514 string stands for. Spaces around separators are passed over, as
 * in RFC 2253 §4.
 *
 * @throws SealwrightError `INVALID_ARGUMENT` when it is empty, malformed, or breaks a bound of RFC 5280
 */
export function encodeDistinguishedName(text: string): Uint8Array {
  const names = new NameParser(text).parse()
  // The string has the most specific name first, the encoding last (RFC 4514 §2.1).
  return encodeDer(
    sequence(...names.toReversed().map((attributes) => setOf(...attributes.map(encodeAttribute)))),
  )
}

/** AttributeTypeAndValue (RFC 5280 §4.1.2.4), as parsed. */
interface Attribute {
  readonly oid: string
  readonly stringType: StringType
  readonly text: string
}

function encodeAttribute({ oid, stringType, text }: Attribute): DerValue {
  return sequence(objectIdentifier(oid), universal(tags[stringType], new TextEncoder().encode(text)))
}

/** The grammar of RFC 4514 §3. */
class NameParser {
  readonly #text: string
  #at = 0

  constructor(text: string) {
    this.#text = text
  }

  parse(): Attribute[][] {
    if (this.#text.trim() === '') throw this.#refused('is empty')
    if (/\p{Surrogate}/u.test(this.#text)) throw this.#refused('is not well-formed Unicode')
    const names = [this.#relativeName()]
    while (this.#take(',')) names.push(this.#relativeName())
    return names
  }

  /** `attribute *( "+" attribute )` */
  #relativeName(): Attribute[] {
    const attributes = [this.#attribute()]
    while (this.#take('+')) {
      const attribute = this.#attribute()
      if (attributes.some(({ oid }) => oid === attribute.oid)) {
        throw this.#refused('has the same attribute twice in one relative name')
      }
      attributes.push(attribute)
    }
    return attributes
  }

  /** `attributeType "=" attributeValue` */
  #attribute(): Attribute {
    const equals = this.#text.indexOf('=', this.#at)
    const spelled = this.#text.slice(this.#at, equals === -1 ? undefined : equals).trim()
    if (equals === -1) throw this.#refused(`has ${JSON.stringify(spelled)} where ATTRIBUTE=VALUE is expected`)
    this.#at = equals + 1
    this.#skipSpaces()
    const byOid = isObjectIdentifier(spelled)
    const type = byOid ? attributeTypeByOid(spelled) : attributeTypeByName(spelled)
    if (type === undefined && !byOid) {
      throw this.#refused(
        `names an unknown attribute ${JSON.stringify(spelled)}; its OID in numbers can be used`,
      )
    }
    const value = this.#text[this.#at] === '#' ? this.#hexValue() : this.#stringValue()
    if (type !== undefined)
      return this.#checked({ oid: type.oid, stringType: type.stringType, text: value.text }, type)
    return this.#checked({ oid: spelled, ...value }, null)
  }

  /** `#` and the hexadecimal digits of the value's DER. */
  #hexValue(): { stringType: StringType; text: string } {
    const digits = /^#((?:[0-9A-Fa-f]{2})+) *(?=[,+]|$)/.exec(this.#text.slice(this.#at))
    if (digits?.[1] === undefined)
      throw this.#refused('has a value that starts with # and is not hexadecimal')
    this.#at += digits[0].length
    const bytes = Buffer.from(digits[1], 'hex')
    let element: BerElement
    try {
      element = readBer(bytes, 'the value', { elements: 1, depth: 1 })
    } catch (cause) {
      throw this.#refused('has a value after # that is not DER', cause)
    }
    const stringType = stringTypes.find((candidate) => tags[candidate] === element.tag)
    const text = decodeText(element)
    if (stringType === undefined || text === null) {
      throw this.#refused('has a value after # that is no UTF8String, PrintableString or IA5String')
    }
    return { stringType, text }
  }

  /** Up to an unescaped `,` or `+` or the end. Escaped bytes are UTF-8, so that one character may take several. */
  #stringValue(): { stringType: StringType; text: string } {
    const bytes: number[] = []
    let significant = 0
    for (;;) {
      const character = String.fromCodePoint(this.#text.codePointAt(this.#at) ?? 0)
      if (this.#at >= this.#text.length || character === ',' || character === '+') break
      if (character === '\\') {
        bytes.push(...this.#escaped())
        significant = bytes.length
        continue
      }
      if ('"<>;'.includes(character)) {
        throw this.#refused(`holds ${character}, which is written \\${character}`)
      }
      this.#at += character.length
      bytes.push(...new TextEncoder().encode(character))
      if (character !== ' ') significant = bytes.length
    }
    try {
      const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(
        Uint8Array.from(bytes.slice(0, significant)),
      )
      return { stringType: 'utf8String', text }
    } catch (cause) {
      throw this.#refused('has escaped bytes that are not UTF-8', cause)
    }
  }

  /** `\` and a special character, or `\` and two hexadecimal digits. */
  #escaped(): number[] {
    const next = this.#text.slice(this.#at + 1, this.#at + 3)
    if (/^[0-9A-Fa-f]{2}$/.test(next)) {
      this.#at += 3
      return [Number.parseInt(next, 16)]
    }
    const character = next.charAt(0)
    if (character === '' || !' "#+,;<=>\\'.includes(character)) {
      throw this.#refused('has a backslash that escapes nothing; a backslash itself is written \\\\')
    }
    this.#at += 2
    return [character.charCodeAt(0)]
  }

  #checked(attribute: Attribute, type: AttributeType | null): Attribute {
    const { text, stringType } = attribute
    const name = type?.name ?? attribute.oid
    if (text === '') throw this.#refused(`has an empty ${name}`)
    if (/\p{Cc}/u.test(text)) throw this.#refused(`has a control character in ${name}`)
    const { length } = Array.from(text)
    const maximumLength = type?.maximumLength ?? null
    if (maximumLength !== null && length > maximumLength) {
      throw this.#refused(`has a ${name} of ${length} characters; X.509 allows ${maximumLength}`)
    }
    if (name === 'C' && !/^[A-Z]{2}$/.test(text)) {
      throw this.#refused('has a country (C) that is not two capital letters, as ISO 3166 has them')
    }
    if (stringType === 'printableString' && !/^[A-Za-z0-9 '()+,\-./:=?]*$/.test(text)) {
      throw this.#refused(`has characters in ${name} that a PrintableString cannot hold`)
    }
    if (stringType === 'ia5String' && !isAscii(text)) {
      throw this.#refused(`has characters in ${name} that are not ASCII`)
    }
    return attribute
  }

  #take(character: string): boolean {
    if (this.#text[this.#at] !== character) return false
    this.#at++
    return true
  }

  #skipSpaces(): void {
    while (this.#text[this.#at] === ' ') this.#at++
  }

  #refused(problem: string, cause?: unknown): SealwrightError {
    const shown = this.#text.length > 200 ? `${this.#text.slice(0, 200)}…` : this.#text
    return new SealwrightError(
      'INVALID_ARGUMENT',
      `the distinguished name ${JSON.stringify(shown)} ${problem}`,
      cause === undefined ? undefined : { cause },
    )
  }
}

const stringTypes = ['utf8String', 'printableString', 'ia5String'] as const

/** `numericoid` (RFC 4512 §1.4), as far as X.690 §8.19.4 can encode it. */
function isObjectIdentifier(text: string): boolean {
  return /^(?:[01]\.[1-3]?[0-9]|2\.(?:0|[1-9][0-9]{0,8}))(?:\.(?:0|[1-9][0-9]{0,8})){1,20}$/.test(text)
}

function formatName(name: BerElement): string {
  if (name.tag !== tags.sequence) throw malformed('the name', 'is not a SEQUENCE')
  return name.children
    .toReversed()
    .map((relativeName) => relativeName.children.map(formatAttribute).join('+'))
    .join(',')
}

/** RFC 4514 §2.3 and §2.4. */
function formatAttribute(element: BerElement): string {
  const what = 'an attribute of the name'
  const attribute = new SequenceReader(element, what)
  const oid = decodeObjectIdentifier(attribute.any('type'), what)
  const value = attribute.any('value')
  attribute.end()
  const type = attributeTypeByOid(oid)
  const text = type === undefined ? null : decodeText(value)
  const shown = text === null ? `#${Buffer.from(value.bytes).toString('hex')}` : escapeValue(text)
  return `${type?.name ?? oid}=${shown}`
}

/** Null for what is no character string, or none that its own type allows. */
function decodeText({ tag, constructed, content }: BerElement): string | null {
  if (constructed) return null
  switch (tag) {
    case tags.printableString:
    case tags.ia5String: {
      const text = Buffer.from(content).toString('latin1')
      return isAscii(text) ? text : null
    }
    // In practice Latin-1, whatever T.61 says.
    case tags.teletexString:
      return Buffer.from(content).toString('latin1')
    case tags.utf8String:
      return decodeStrictly('utf-8', content)
    case tags.bmpString:
      return decodeStrictly('utf-16be', content)
    default:
      return null
  }
}

function decodeStrictly(encoding: string, content: Uint8Array): string | null {
  try {
    return new TextDecoder(encoding, { fatal: true, ignoreBOM: true }).decode(content)
  } catch {
    return null
  }
}

/** RFC 4514 §2.4; control characters as well, which it allows, so that a name can be printed anywhere. */
function escapeValue(text: string): string {
  return text
    .replace(/["+,;<>\\]/g, '\\$&')
    .replace(/^[ #]/, '\\$&')
    .replace(/(?<=.) $/s, '\\ ')
    .replace(/\p{Cc}/gu, (character) => Buffer.from(character).toString('hex').replace(/../g, '\\$&'))
}

function isAscii(text: string): boolean {
  return /^\p{ASCII}*$/u.test(text)
}
