import { SealwrightError } from '@sealwright/core'
import { readBer, tags, type BerElement } from '../asn1/ber.ts'
import {
  attributeTypeByName,
  attributeTypeByOid,
  stringTypes,
  type AttributeType,
  type StringType,
} from './attribute-types.ts'
import { decodeText, isAscii, isPrintable } from './text.ts'

/** AttributeTypeAndValue (RFC 5280 §4.1.2.4), as parsed and checked. */
export interface NameAttribute {
  readonly oid: string
  readonly stringType: StringType
  readonly text: string
}

/**
 * Parses a distinguished name.
 *
 * @returns the relative names, each with one or more attributes, in the order of the text: the most specific first
 * @throws SealwrightError `INVALID_ARGUMENT` when it is empty, malformed, or breaks a bound of RFC 5280
 */
export function parseDistinguishedName(text: string): readonly (readonly NameAttribute[])[] {
  return new NameParser(text).parse()
}

/** The grammar of RFC 4514 §3. */
class NameParser {
  readonly #text: string
  #at = 0

  constructor(text: string) {
    this.#text = text
  }

  parse(): NameAttribute[][] {
    if (this.#text.trim() === '') throw this.#refused('is empty')
    if (/\p{Surrogate}/u.test(this.#text)) throw this.#refused('is not well-formed Unicode')
    const names = [this.#relativeName()]
    while (this.#take(',')) names.push(this.#relativeName())
    return names
  }

  /** `attribute *( "+" attribute )` */
  #relativeName(): NameAttribute[] {
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
  #attribute(): NameAttribute {
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
    return type === undefined
      ? this.#checked({ oid: spelled, ...value }, null)
      : this.#checked({ oid: type.oid, stringType: type.stringType, text: value.text }, type)
  }

  /** `#` and the hexadecimal digits of the value's DER. */
  #hexValue(): { stringType: StringType; text: string } {
    const digits = /^#((?:[0-9A-Fa-f]{2})+) *(?=[,+]|$)/.exec(this.#text.slice(this.#at))
    if (digits?.[1] === undefined) {
      throw this.#refused('has a value that starts with # and is not hexadecimal')
    }
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
    // Spaces at the end count only where they are escaped.
    let significant = 0
    while (this.#at < this.#text.length) {
      const character = String.fromCodePoint(this.#text.codePointAt(this.#at) ?? 0)
      if (character === ',' || character === '+') break
      if (character === '\\') {
        bytes.push(...this.#escaped())
        significant = bytes.length
      } else if ('"<>;'.includes(character)) {
        throw this.#refused(`holds ${character}, which is written \\${character}`)
      } else {
        this.#at += character.length
        bytes.push(...new TextEncoder().encode(character))
        if (character !== ' ') significant = bytes.length
      }
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

  #checked(attribute: NameAttribute, type: AttributeType | null): NameAttribute {
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
    if (stringType === 'printableString' && !isPrintable(text)) {
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

/** `numericoid` (RFC 4512 §1.4), as far as X.690 §8.19.4 can encode it. */
export function isObjectIdentifier(text: string): boolean {
  return /^(?:[01]\.[1-3]?[0-9]|2\.(?:0|[1-9][0-9]{0,8}))(?:\.(?:0|[1-9][0-9]{0,8})){1,20}$/.test(text)
}
