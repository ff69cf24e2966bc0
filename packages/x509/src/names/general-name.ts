import type { SealwrightError } from '@sealwright/core'
import { invalidArgument } from '@sealwright/core/internal'
import { malformed, tags, type BerElement } from '../asn1/ber.ts'
import { decodeObjectIdentifier, unwrapExplicit } from '../asn1/values.ts'
import { ObjectIdentifier, Utf8String } from 'asn1js'
import { GeneralName as PkiName, GeneralNames as PkiNames } from 'pkijs'
import { encoded, encodeDer, explicit, octetString } from '../asn1/encode.ts'
import { checkDer } from '../asn1/check-der.ts'
import { encodedName, encodeDistinguishedName, formatName } from './distinguished-name.ts'
import { decodeIp, encodeIp, ipProblem } from './ip-address.ts'
import { dnsProblem, emailProblem, uriProblem } from './name-syntax.ts'
import { isObjectIdentifier } from './name-attribute.ts'
import { decodeText, isAscii } from './text.ts'

/** A name of a server, a service or a person: a GeneralName of RFC 5280 §4.2.1.6. */
export type SubjectAltName =
  | {
      readonly type: 'dns' | 'uri' | 'email' | 'ip' | 'directoryName' | 'upn'
      /**
       * The first four are ASCII, with internationalised domain names as A-labels (`xn--…`).
       * - `dns`: a host name, `*` allowed as its first label
       * - `uri`: absolute, percent-encoded where needed
       * - `email`: `local@domain`, without display name, quotes or comments
       * - `ip`: an IPv4 or IPv6 address, without prefix length or zone
       * - `directoryName`: an RFC 4514 string
       * - `upn`: the User Principal Name that Windows logs on with, `user@domain`
       */
      readonly value: string
    }
  | {
      readonly type: 'otherName'
      /** The OID of the value's type. */
      readonly typeId: string
      /** DER of one value. */
      readonly value: Uint8Array
    }

/** A GeneralName that was read: one of {@link SubjectAltName}, or one of a type that is not written here. */
export type GeneralName =
  SubjectAltName | { readonly type: 'unsupported'; /** Its DER. */ readonly value: Uint8Array }

interface NameKind {
  /** Of the GeneralName CHOICE. */
  readonly tag: 1 | 2 | 6 | 7
  /** @returns what is wrong with the value; null when it is right */
  readonly problem: (value: string) => string | null
  readonly decode: (content: Uint8Array, source: string) => string
}

/** The kinds of GeneralName that are strings, and addresses. */
export const stringKinds: Readonly<Record<'email' | 'dns' | 'uri' | 'ip', NameKind>> = {
  email: { tag: 1, problem: emailProblem, decode: decodeAscii },
  dns: { tag: 2, problem: dnsProblem, decode: decodeAscii },
  uri: { tag: 6, problem: uriProblem, decode: decodeAscii },
  ip: { tag: 7, problem: ipProblem, decode: decodeIp },
}

/** Tags of a GeneralName are context-specific. */
export const contextSpecific: number = 0x80

/** id-ms-san-upn, whose value is a UTF8String. */
const upnOid = '1.3.6.1.4.1.311.20.2.3'

/**
 * GeneralNames (RFC 5280 §4.2.1.6), in the order given.
 *
 * @throws SealwrightError `INVALID_ARGUMENT`; the message says which name and what is wrong with it
 *
 * @internal
 */
export function generalNamesOf(names: readonly SubjectAltName[]): PkiNames {
  return new PkiNames({ names: names.map((name) => generalNameOf(name)) })
}

/**
 * @throws SealwrightError `INVALID_ARGUMENT`
 *
 * @internal
 */
export function generalNameOf(name: SubjectAltName): PkiName {
  switch (name.type) {
    case 'otherName':
      return otherName(name.typeId, name.value)
    case 'upn':
      // A lone surrogate has no encoding in UTF-8.
      if (!/^[^@\p{Cc}\p{Cs}]+@[^@\p{Cc}\p{Cs}]+$/u.test(name.value))
        throw refused(name.type, 'is not user@domain')
      return otherName(upnOid, encodeDer(new Utf8String({ value: name.value })))
    case 'directoryName':
      return new PkiName({ type: 4, value: encodedName(encodeDistinguishedName(name.value)) })
    case 'dns':
    case 'uri':
    case 'email':
    case 'ip':
      return stringName(name.type, name.value)
    default:
      throw invalidArgument(
        'an alternative name has an unknown type; use dns, uri, email, ip, directoryName, upn or otherName',
      )
  }
}

function stringName(type: keyof typeof stringKinds, value: string): PkiName {
  const { tag, problem } = stringKinds[type]
  const found = problem(value)
  if (found !== null) throw refused(type, found)
  return tag === 7 ? ipName(encodeIp(value)) : new PkiName({ type: tag, value })
}

/** @internal */
export function ipName(octets: Uint8Array): PkiName {
  return new PkiName({ type: 7, value: octetString(octets) })
}

/** `[0] SEQUENCE { type-id OBJECT IDENTIFIER, value [0] EXPLICIT ANY }`. */
function otherName(typeId: string, value: Uint8Array): PkiName {
  if (!isObjectIdentifier(typeId)) throw refused('otherName', 'has a typeId that is not an OID')
  checkDer(value, `the value of the otherName ${typeId}`)
  // pkijs allows one value inside the tag. Here there are two.
  const content = [new ObjectIdentifier({ value: typeId }), explicit(0, encoded(value))].map(encodeDer)
  return new PkiName({ type: 0, value: encoded(Buffer.concat(content)) })
}

function refused(type: string, problem: string): SealwrightError {
  return invalidArgument(`an alternative name of type ${type} ${problem}`)
}

/**
 * @returns empty for an empty list: RFC 5280 forbids it, but some certificates have one
 * @throws SealwrightError `INVALID_ENCODING`
 */
export function decodeGeneralNames(element: BerElement, source: string): readonly GeneralName[] {
  if (element.tag !== tags.sequence) throw malformed(source, 'is not a SEQUENCE of names')
  return element.children.map((child) => decodeGeneralName(child, source))
}

/** @throws SealwrightError `INVALID_ENCODING` */
export function decodeGeneralName(element: BerElement, source: string): GeneralName {
  const { tag, constructed, content } = element
  if (tag === contextSpecific + 0) return decodeOtherName(element, source)
  if (tag === contextSpecific + 4) {
    return { type: 'directoryName', value: formatName(unwrapExplicit(element, tag, source)) }
  }
  for (const type of ['email', 'dns', 'uri', 'ip'] as const) {
    const kind: NameKind = stringKinds[type]
    if (tag !== contextSpecific + kind.tag) continue
    if (constructed) throw malformed(source, 'holds a name that is not primitive')
    return { type, value: kind.decode(content, source) }
  }
  return { type: 'unsupported', value: Uint8Array.from(element.bytes) }
}

function decodeOtherName(element: BerElement, source: string): GeneralName {
  const [typeId, tagged, ...rest] = element.children
  if (typeId === undefined || tagged === undefined || rest.length > 0)
    throw malformed(source, 'holds a malformed otherName')
  const oid = decodeObjectIdentifier(typeId, source)
  const value = unwrapExplicit(tagged, tags.context0, source)
  const text = oid === upnOid ? decodeText(value) : null
  return text === null
    ? { type: 'otherName', typeId: oid, value: Uint8Array.from(value.bytes) }
    : { type: 'upn', value: text }
}

function decodeAscii(content: Uint8Array, source: string): string {
  const text = Buffer.from(content).toString('latin1')
  if (!isAscii(text)) throw malformed(source, 'holds a name that is not ASCII')
  return text
}

/** The names that are URIs. */
export function urisOf(names: readonly GeneralName[]): readonly string[] {
  return names.flatMap((name) => (name.type === 'uri' ? [name.value] : []))
}
