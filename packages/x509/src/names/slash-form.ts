import { attributeTypeOf, invalidName, nameAttribute, type NameAttribute } from './name-attribute.ts'

/**
 * Parses a name as `openssl req -subj` takes it and older OpenSSL prints it, such as `/C=DE/O=Contoso/CN=my-app`: the most
 * specific name last, `+` between attributes of one relative name, a backslash before a `/`, `+` or `\` in a value. A slash in a
 * value needs no backslash where no `ATTRIBUTE=` comes after it.
 *
 * @returns the relative names, the most specific first
 * @throws SealwrightError `INVALID_ARGUMENT`
 */
export function parseSlashForm(text: string): NameAttribute[][] {
  return splitBefore(text, '/')
    .filter((part) => part !== '')
    .map((part) => splitBefore(part, '+').map(parseAttribute))
    .toReversed()
}

/** Whether a text is meant as a name of this form. */
export function isSlashForm(text: string): boolean {
  return /^\/(?:OID\.)?[A-Za-z0-9.]+\s*=/.test(text)
}

/** Each has `ATTRIBUTE=` after it, and no backslash before it but pairs of them: one backslash of a pair escapes the other. */
const separators = {
  '/': /(?<=(?<!\\)(?:\\\\)*)\/(?=[A-Za-z0-9.]+\s*=)/,
  '+': /(?<=(?<!\\)(?:\\\\)*)\+(?=[A-Za-z0-9.]+\s*=)/,
} as const

function splitBefore(text: string, separator: keyof typeof separators): string[] {
  return text.split(separators[separator])
}

function parseAttribute(text: string): NameAttribute {
  const equals = text.indexOf('=')
  if (equals === -1) throw invalidName('has a part without ATTRIBUTE=VALUE')
  const value = text
    .slice(equals + 1)
    .trim()
    .replace(/\\([/+\\])/g, '$1')
  return nameAttribute(attributeTypeOf(text.slice(0, equals).trim()), {
    stringType: 'utf8String',
    text: value,
  })
}
