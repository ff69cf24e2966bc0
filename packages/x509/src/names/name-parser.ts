import { readBer, tags, type BerElement } from '../asn1/ber.ts'
import { stringTypes, type StringType } from './attribute-types.ts'
import { attributeTypeOf, invalidName, nameAttribute, type NameAttribute } from './name-attribute.ts'
import { isSlashForm, parseSlashForm } from './slash-form.ts'
import { decodeText } from './text.ts'

/**
 * Parses a distinguished name: an RFC 4514 string; the same with values in quotation marks, as RFC 1779 and .NET have them; or
 * the form of `openssl req -subj`.
 *
 * @returns the relative names, each with one or more attributes: the most specific first
 * @throws SealwrightError `INVALID_ARGUMENT` when it is empty, malformed, or breaks a bound of RFC 5280
 */
export function parseDistinguishedName(text: string): readonly (readonly NameAttribute[])[] {
  if (text.trim() === '') throw invalidName('is empty')
  if (/\p{Surrogate}/u.test(text)) throw invalidName('is not well-formed Unicode')
  const names = isSlashForm(text) ? parseSlashForm(text) : new NameParser(text).parse()
  for (const attributes of names) {
    if (new Set(attributes.map(({ oid }) => oid)).size < attributes.length) {
      throw invalidName('has the same attribute twice in one relative name')
    }
  }
  return names
}

/**
 * Parses a name that a person typed or copied. It may be in the form of `openssl x509 -subject`: the most specific name
 * last. OpenSSL before 3.2 writes spaces around `=`; no other program does. Later versions write commas and spaces as
 * .NET does, but .NET puts the most specific name first. So a country in the first place is ambiguous.
 *
 * @returns as {@link parseDistinguishedName}
 * @throws SealwrightError `INVALID_ARGUMENT`, also for a name whose order cannot be told
 */
export function parseWrittenName(text: string): readonly (readonly NameAttribute[])[] {
  const names = parseDistinguishedName(text)
  if (names.length === 1 || isSlashForm(text)) return names
  const isSpaced = /^\s*[A-Za-z0-9.]+ = /.test(text)
  const isGeneralFirst =
    hasType(names[0], country) || (!hasType(names[0], commonName) && hasType(names.at(-1), commonName))
  if (isSpaced && isGeneralFirst) return names.toReversed()
  if (hasType(names[0], country) && /, /.test(text)) {
    throw invalidName(
      'begins with the country, as OpenSSL prints names; write the most specific part first, as in CN=my-app,O=Contoso,C=DE, ' +
        'or /C=DE/O=Contoso/CN=my-app; where the country is the most specific part, write no spaces after commas',
    )
  }
  return names
}

const commonName = '2.5.4.3'
const country = '2.5.4.6'

function hasType(attributes: readonly NameAttribute[] | undefined, type: string): boolean {
  return attributes?.some(({ oid }) => oid === type) === true
}

interface AttributeValue {
  readonly stringType: StringType
  readonly text: string
}

/** The grammar of RFC 4514 §3. */
class NameParser {
  readonly #text: string
  #at = 0

  constructor(text: string) {
    this.#text = text
  }

  parse(): NameAttribute[][] {
    const names = [this.#relativeName()]
    while (this.#take(',')) names.push(this.#relativeName())
    return names
  }

  /** `attribute *( "+" attribute )` */
  #relativeName(): NameAttribute[] {
    const attributes = [this.#attribute()]
    while (this.#take('+')) attributes.push(this.#attribute())
    return attributes
  }

  /** `attributeType "=" attributeValue` */
  #attribute(): NameAttribute {
    const equals = this.#text.indexOf('=', this.#at)
    if (equals === -1) throw this.#malformed('ATTRIBUTE=VALUE is expected')
    const type = attributeTypeOf(this.#text.slice(this.#at, equals).trim())
    this.#at = equals + 1
    this.#skipSpaces()
    return nameAttribute(type, this.#value())
  }

  #value(): AttributeValue {
    switch (this.#text[this.#at]) {
      case '#':
        return this.#hexValue()
      case '"':
        return this.#quotedValue()
      default:
        return this.#stringValue()
    }
  }

  /** `#` and the hexadecimal digits of the value's DER. */
  #hexValue(): AttributeValue {
    const digits = /^#((?:[0-9A-Fa-f]{2})+) *(?=[,+]|$)/.exec(this.#text.slice(this.#at))
    if (digits?.[1] === undefined) throw this.#malformed('a value that starts with # is not hexadecimal')
    const bytes = Buffer.from(digits[1], 'hex')
    let element: BerElement
    try {
      element = readBer(bytes, 'the value', { elements: 1, depth: 1 })
    } catch (cause) {
      throw this.#malformed('the value after # is not DER', cause)
    }
    const stringType = stringTypes.find((candidate) => tags[candidate] === element.tag)
    const text = decodeText(element)
    if (stringType === undefined || text === null) {
      throw this.#malformed('the value after # is not a UTF8String, PrintableString or IA5String')
    }
    this.#at += digits[0].length
    return { stringType, text }
  }

  /** Inside quotation marks only `"` is special; it is written `\"` (RFC 1779 §2.3) or `""` (.NET). */
  #quotedValue(): AttributeValue {
    const quoted = /^"((?:[^"\\]|""|\\.)*)" *(?=[,+]|$)/su.exec(this.#text.slice(this.#at))
    if (quoted?.[1] === undefined) throw this.#malformed('a value has no closing quotation mark')
    this.#at += quoted[0].length
    return {
      stringType: 'utf8String',
      text: quoted[1].replace(/""|\\(.)/gsu, (_, escaped?: string) => escaped ?? '"'),
    }
  }

  /** Up to an unescaped `,` or `+` or the end. Escaped bytes are UTF-8, so that one character may take several. */
  #stringValue(): AttributeValue {
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
        throw this.#malformed(`${character} is written \\${character} in a value`)
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
      throw this.#malformed('the escaped bytes are not UTF-8', cause)
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
      throw this.#malformed('a backslash escapes nothing; a backslash itself is written \\\\')
    }
    this.#at += 2
    return [character.charCodeAt(0)]
  }

  #take(character: string): boolean {
    if (this.#text[this.#at] !== character) return false
    this.#at++
    return true
  }

  #skipSpaces(): void {
    while (this.#text[this.#at] === ' ') this.#at++
  }

  #malformed(problem: string, cause?: unknown): Error {
    return invalidName(`is malformed at character ${this.#at + 1}: ${problem}`, cause)
  }
}
