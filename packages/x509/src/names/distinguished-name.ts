import type { X509Certificate } from 'node:crypto'
import { aCertificate, aString } from '@sealwright/core/internal'
import { malformed, readBer, tags, type BerElement } from '../asn1/ber.ts'
import { SequenceReader } from '../asn1/sequence-reader.ts'
import { decodeObjectIdentifier, hasDerLengths } from '../asn1/values.ts'
import { Sequence, IA5String, PrintableString, Utf8String } from 'asn1js'
import { AttributeTypeAndValue, RelativeDistinguishedNames } from 'pkijs'
import { encodeDer, setOf, writtenAs } from '../asn1/encode.ts'
import { attributeTypeByOid, stringTypeNames, stringTypes, type StringType } from './attribute-types.ts'
import type { NameAttribute } from './name-attribute.ts'
import { parseDistinguishedName, parseWrittenName } from './name-parser.ts'
import { decodeText, isPrintable } from './text.ts'

/**
 * Returns the subject of a certificate as an RFC 4514 string: the most specific part first, control characters escaped.
 *
 * @throws SealwrightError `INVALID_ENCODING`, `LIMIT_EXCEEDED` for a name that cannot be read
 * @example
 * ```ts
 * import { X509Certificate } from 'node:crypto'
 * import { readFile } from 'node:fs/promises'
 * import { distinguishedName } from '@sealwright/x509'
 *
 * const certificate = new X509Certificate(await readFile('my-app.crt'))
 * console.log(distinguishedName(certificate)) // CN=my-app-auth,O=Contoso
 * ```
 */
export function distinguishedName(certificate: X509Certificate): string {
  aCertificate('certificate', certificate)
  const source = 'the certificate'
  const root = new SequenceReader(readBer(certificate.raw, source, { elements: 100_000, depth: 64 }), source)
  const tbs = root.sequence('tbsCertificate')
  tbs.optional(tags.context0)
  for (const field of ['serialNumber', 'signature', 'issuer', 'validity']) tbs.any(field)
  return formatName(tbs.any('subject'))
}

/**
 * Returns the spelling that {@link distinguishedName} gives the same name, so that typed names can be compared.
 *
 * @param text an RFC 4514 string, or a name as .NET or OpenSSL prints it
 * @throws SealwrightError `INVALID_ARGUMENT` for a malformed name, and for one that begins with the country and has spaces after
 *   its commas: OpenSSL and .NET mean different names by it
 * @example
 * ```ts
 * import { normalizeDistinguishedName } from '@sealwright/x509'
 *
 * normalizeDistinguishedName('/C=DE/O=Contoso/CN=my-app') // 'CN=my-app,O=Contoso,C=DE'
 * ```
 */
export function normalizeDistinguishedName(text: string): string {
  aString('text', text)
  return formatName(
    readBer(encodeDistinguishedName(text), 'the distinguished name', { elements: 10_000, depth: 8 }),
  )
}

/**
 * Encodes a distinguished name as a Name (RFC 5280 §4.1.2.4).
 *
 * @returns DER
 * @throws SealwrightError `INVALID_ARGUMENT` when it is empty, malformed, or breaks a bound of RFC 5280
 */
export function encodeDistinguishedName(text: string): Uint8Array {
  const names = parseWrittenName(text)
  // The string has the most specific name first, the encoding last (RFC 4514 §2.1).
  const value = names.toReversed().map((attributes) => setOf(attributes.map(attributeOf)))
  return encodeDer(new Sequence({ value }))
}

/**
 * A Name that pkijs writes unchanged. From `typesAndValues` pkijs would make one relative name with all attributes,
 * unsorted.
 *
 * @internal
 */
export function encodedName(der: Uint8Array): RelativeDistinguishedNames {
  return writtenAs(new RelativeDistinguishedNames({ valueBeforeDecode: Uint8Array.from(der).buffer }), der)
}

/** The DER of a subject: as {@link encodeDistinguishedName}, and that of the empty Name for an empty string. */
export function encodeSubject(text: string): Uint8Array {
  return text === '' ? emptyName : encodeDistinguishedName(text)
}

const emptyName = Uint8Array.of(0x30, 0)

export function isEmptyName(name: Uint8Array): boolean {
  return Buffer.compare(name, emptyName) === 0
}

/**
 * Checks that a Name from elsewhere may go into a new certificate as it is: it is DER, has the string types that RFC 5280
 * §4.1.2.4 allows in new names, and keeps the same bounds as the names that are made here.
 *
 * @param source for messages, such as `the subject of the certificate request`
 * @throws SealwrightError `INVALID_ENCODING`, `INVALID_ARGUMENT`
 */
export function checkNewName(name: BerElement, source: string): void {
  if (!hasDerLengths(name)) throw malformed(source, 'is not DER')
  for (const { children } of name.children) {
    const bytes = children.map((attribute) => attribute.bytes)
    if (bytes.some((each, index) => index > 0 && Buffer.compare(bytes[index - 1] ?? each, each) >= 0)) {
      throw malformed(source, 'has a relative name whose attributes are not in the order of DER')
    }
    children.forEach((attribute) => checkNewAttribute(attribute, source))
  }
  if (name.children.length > 0) parseDistinguishedName(formatName(name))
}

function checkNewAttribute(element: BerElement, source: string): void {
  const attribute = new SequenceReader(element, source)
  const type = attributeTypeByOid(attribute.objectIdentifier('type'))
  const value = attribute.any('value')
  const allowed: readonly StringType[] =
    type === undefined
      ? stringTypes
      : type.stringType === 'utf8String'
        ? ['utf8String', 'printableString']
        : [type.stringType]
  const stringType = allowed.find((each) => tags[each] === value.tag)
  const text = decodeText(value)
  if (stringType === undefined || text === null) {
    throw malformed(
      source,
      `has a value that is not a ${allowed.map((each) => stringTypeNames[each]).join(' or ')}, which new certificates need`,
    )
  }
  if (stringType === 'printableString' && !isPrintable(text)) {
    throw malformed(source, 'has a PrintableString with characters that it cannot hold')
  }
}

const stringClasses = {
  utf8String: Utf8String,
  printableString: PrintableString,
  ia5String: IA5String,
} as const

function attributeOf({ oid, stringType, text }: NameAttribute): AttributeTypeAndValue {
  return new AttributeTypeAndValue({ type: oid, value: new stringClasses[stringType]({ value: text }) })
}

/** The RFC 4514 string of a Name that was read. */
export function formatName(name: BerElement): string {
  if (name.tag !== tags.sequence) throw malformed('the name', 'is not a SEQUENCE')
  return name.children
    .toReversed()
    .map(({ tag, children }) => {
      if (tag !== tags.set || children.length === 0)
        throw malformed('the name', 'has a malformed relative name')
      return children.map(formatAttribute).join('+')
    })
    .join(',')
}

/** The e-mail addresses in a Name; those that are not text are left out. */
export function emailAddressesOf(name: BerElement): readonly string[] {
  return name.children.flatMap(({ children }) =>
    children.flatMap((element) => {
      const attribute = new SequenceReader(element, 'an attribute of the name')
      const type = attributeTypeByOid(attribute.objectIdentifier('type'))
      const address = type?.name === 'emailAddress' ? decodeText(attribute.any('value')) : null
      return address === null ? [] : [address]
    }),
  )
}

/** RFC 4514 §2.3 and §2.4. */
function formatAttribute(element: BerElement): string {
  const source = 'an attribute of the name'
  const attribute = new SequenceReader(element, source)
  const oid = decodeObjectIdentifier(attribute.any('type'), source)
  const value = attribute.any('value')
  attribute.end()
  const type = attributeTypeByOid(oid)
  const text = type === undefined ? null : decodeText(value)
  const shown = text === null ? `#${Buffer.from(value.bytes).toString('hex')}` : escapeValue(text)
  return `${type?.name ?? oid}=${shown}`
}

/** RFC 4514 §2.4. Control characters are escaped too, so that a name can be printed anywhere. */
function escapeValue(text: string): string {
  // Most names have only these.
  if (/^\w[\w .-]*\w$/.test(text)) return text
  return text
    .replace(/["+,;<>\\]/g, '\\$&')
    .replace(/ $/, '\\ ')
    .replace(/^[ #]/, '\\$&')
    .replace(/\p{Cc}/gu, (character) => Buffer.from(character).toString('hex').replace(/../g, '\\$&'))
}
