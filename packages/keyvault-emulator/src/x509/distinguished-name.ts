import { AttributeTypeAndValue, AttributeValue, Name, RelativeDistinguishedName } from '@peculiar/asn1-x509'
import { badParameter } from '../protocol/errors.ts'

/** Attribute types by the short names people write (RFC 4514 §3 and what Windows and OpenSSL add). */
const types: Readonly<Record<string, string>> = {
  CN: '2.5.4.3',
  SN: '2.5.4.4',
  SERIALNUMBER: '2.5.4.5',
  C: '2.5.4.6',
  L: '2.5.4.7',
  ST: '2.5.4.8',
  S: '2.5.4.8',
  STREET: '2.5.4.9',
  O: '2.5.4.10',
  OU: '2.5.4.11',
  T: '2.5.4.12',
  G: '2.5.4.42',
  UID: '0.9.2342.19200300.100.1.1',
  DC: '0.9.2342.19200300.100.1.25',
  E: '1.2.840.113549.1.9.1',
  EMAILADDRESS: '1.2.840.113549.1.9.1',
}
/** domainComponent and emailAddress are IA5String; the others are DirectoryString. */
const ia5Types = new Set(['0.9.2342.19200300.100.1.25', '1.2.840.113549.1.9.1'])

/**
 * A distinguished name from its string form (RFC 4514 §2): the last part of the string comes first in the name.
 * Also taken are lower-case types and spaces around the commas, as in the `cn=MyCert` of the service's own samples.
 *
 * @throws ServiceError 400
 */
export function parseName(text: string): Name {
  if (text.trim() === '') return new Name([])
  const relativeNames = splitUnescaped(text, ',').map(
    (part) =>
      new RelativeDistinguishedName(splitUnescaped(part, '+').map((pair) => parseAttribute(pair, text))),
  )
  return new Name(relativeNames.toReversed())
}

/** The string form of a name (RFC 4514 §2), in the order of the string and with a space after each comma. */
export function formatName(name: Name): string {
  return [...name]
    .toReversed()
    .map((relative) => [...relative].map(formatAttribute).join('+'))
    .join(', ')
}

function parseAttribute(pair: string, whole: string): AttributeTypeAndValue {
  const equals = pair.indexOf('=')
  const typeName = pair.slice(0, Math.max(equals, 0)).trim()
  const type = /^\d+(\.\d+)+$/.test(typeName) ? typeName : types[typeName.toUpperCase()]
  const value = unescape(pair.slice(equals + 1).trim())
  if (type === undefined || value === '') {
    throw badParameter(`The subject '${whole}' is not a valid X.500 distinguished name.`)
  }
  return new AttributeTypeAndValue({ type, value: attributeValue(type, value) })
}

function attributeValue(type: string, value: string): AttributeValue {
  if (ia5Types.has(type)) return new AttributeValue({ ia5String: value })
  // PrintableString's alphabet (X.680 §41.4); anything else is UTF-8.
  return /^[A-Za-z0-9 '()+,\-./:=?]*$/.test(value)
    ? new AttributeValue({ printableString: value })
    : new AttributeValue({ utf8String: value })
}

function formatAttribute({ type, value }: AttributeTypeAndValue): string {
  const short = Object.keys(types).find((name) => types[name] === type) ?? type
  return `${short}=${value.toString().replace(/[,+"\\<>;]|^[ #]| $/g, String.raw`\$&`)}`
}

/** Splits where the separator is neither escaped nor within quotes. */
function splitUnescaped(text: string, separator: string): string[] {
  const parts: string[] = []
  let part = ''
  let quoted = false
  for (let i = 0; i < text.length; i++) {
    const character = text.charAt(i)
    if (character === '\\') {
      part += character + text.charAt(i + 1)
      i += 1
    } else if (character === separator && !quoted) {
      parts.push(part)
      part = ''
    } else {
      if (character === '"') quoted = !quoted
      part += character
    }
  }
  return [...parts, part]
}

/** Undoes `\,`, `\2C` and surrounding quotes. Hex pairs are bytes of UTF-8. */
function unescape(value: string): string {
  const inner = /^"(.*)"$/s.exec(value)?.[1] ?? value
  const bytes = inner.replace(/(\\[0-9A-Fa-f]{2})+/g, (pairs) =>
    Buffer.from(pairs.replaceAll('\\', ''), 'hex').toString(),
  )
  return bytes.replace(/\\(.)/gs, '$1')
}
