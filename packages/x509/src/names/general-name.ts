import { isIP } from 'node:net'
import { SealwrightError } from '@sealwright/core'
import { malformed, tags, type BerElement } from '../asn1/ber.ts'
import { SequenceReader } from '../asn1/sequence-reader.ts'
import { decodeObjectIdentifier, unwrapExplicit } from '../asn1/values.ts'
import { ObjectIdentifier, Utf8String } from 'asn1js'
import { GeneralName as PkiName, GeneralNames as PkiNames } from 'pkijs'
import { encoded, encodeDer, explicit, octetString } from '../asn1/encode.ts'
import { checkDer } from '../asn1/check-der.ts'
import { EncodedName, encodeDistinguishedName, formatName } from './distinguished-name.ts'
import { isObjectIdentifier } from './name-parser.ts'
import { decodeText, isAscii } from './text.ts'

/** A GeneralName (RFC 5280 §4.2.1.6) of the kinds that servers, services and people are known by. */
export type SubjectAltName =
  | {
      readonly type: 'dns' | 'uri' | 'email' | 'ip' | 'directoryName' | 'upn'
      /**
       * The first four all ASCII; internationalised domain names as A-labels (`xn--…`).
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
      /** The OID that says what the value is. */
      readonly typeId: string
      /** DER of one value. */
      readonly value: Uint8Array
    }

/** A GeneralName of a certificate that was read: one of the above, or one of a kind that is not made here. */
export type GeneralName =
  SubjectAltName | { readonly type: 'unsupported'; /** Its DER. */ readonly value: Uint8Array }

interface NameKind {
  /** Of the GeneralName CHOICE. */
  readonly tag: 1 | 2 | 6 | 7
  /** @returns what is wrong with the value; null when it is right */
  readonly problem: (value: string) => string | null
  readonly decode: (content: Uint8Array, what: string) => string
}

const stringKinds = {
  email: { tag: 1, problem: emailProblem, decode: decodeAscii },
  dns: { tag: 2, problem: dnsProblem, decode: decodeAscii },
  uri: { tag: 6, problem: uriProblem, decode: decodeAscii },
  ip: { tag: 7, problem: ipProblem, decode: decodeIp },
} as const satisfies Readonly<Record<string, NameKind>>

/** Tags of a GeneralName are context-specific. */
const contextSpecific = 0x80

/** id-ms-san-upn, whose value is a UTF8String. */
const upnOid = '1.3.6.1.4.1.311.20.2.3'

/**
 * GeneralNames (RFC 5280 §4.2.1.6), in the order given.
 *
 * @throws SealwrightError `INVALID_ARGUMENT`; the message says which name and what is wrong with it
 */
export function generalNamesOf(names: readonly SubjectAltName[]): PkiNames {
  return new PkiNames({ names: names.map(generalNameOf) })
}

/** @throws SealwrightError `INVALID_ARGUMENT` */
export function generalNameOf(name: SubjectAltName): PkiName {
  switch (name.type) {
    case 'otherName':
      return otherName(name.typeId, name.value)
    case 'upn':
      if (!/^[^@\p{Cc}]+@[^@\p{Cc}]+$/u.test(name.value))
        throw refused(name.type, name.value, 'is not user@domain')
      return otherName(upnOid, encodeDer(new Utf8String({ value: name.value })))
    case 'directoryName':
      return new PkiName({ type: 4, value: new EncodedName(encodeDistinguishedName(name.value)) })
    case 'dns':
    case 'uri':
    case 'email':
    case 'ip':
      return stringName(name.type, name.value)
    default:
      throw refused(
        name['type'],
        name['value'],
        'is of an unknown type; there are dns, uri, email, ip, directoryName, upn and otherName',
      )
  }
}

function stringName(type: keyof typeof stringKinds, value: string): PkiName {
  const { tag, problem } = stringKinds[type]
  const found = problem(value)
  if (found !== null) throw refused(type, value, found)
  return tag === 7 ? ipName(encodeIp(value)) : new PkiName({ type: tag, value })
}

function ipName(octets: Uint8Array): PkiName {
  return new PkiName({ type: 7, value: octetString(octets) })
}

/** `[0] SEQUENCE { type-id OBJECT IDENTIFIER, value [0] EXPLICIT ANY }`. */
function otherName(typeId: string, value: Uint8Array): PkiName {
  if (!isObjectIdentifier(typeId)) throw refused('otherName', typeId, 'is not an OID')
  checkDer(value, `the value of the otherName ${typeId}`)
  // pkijs has one value inside of the tag, where there are two.
  const content = [new ObjectIdentifier({ value: typeId }), explicit(0, encoded(value))].map(encodeDer)
  return new PkiName({ type: 0, value: encoded(Buffer.concat(content)) })
}

function refused(type: string, value: string, problem: string): SealwrightError {
  return new SealwrightError('INVALID_ARGUMENT', `the name ${JSON.stringify(value)} (${type}) ${problem}`)
}

/**
 * @returns empty for an empty list, which RFC 5280 forbids and some certificates have
 * @throws SealwrightError `INVALID_ENCODING`
 */
export function decodeGeneralNames(element: BerElement, what: string): readonly GeneralName[] {
  if (element.tag !== tags.sequence) throw malformed(what, 'is not a SEQUENCE of names')
  return element.children.map((child) => decodeGeneralName(child, what))
}

/** @throws SealwrightError `INVALID_ENCODING` */
export function decodeGeneralName(element: BerElement, what: string): GeneralName {
  const { tag, constructed, content } = element
  if (tag === contextSpecific + 0) return decodeOtherName(element, what)
  if (tag === contextSpecific + 4) {
    return { type: 'directoryName', value: formatName(unwrapExplicit(element, tag, what)) }
  }
  for (const type of ['email', 'dns', 'uri', 'ip'] as const) {
    const kind: NameKind = stringKinds[type]
    if (tag !== contextSpecific + kind.tag) continue
    if (constructed) throw malformed(what, 'holds a name that is not primitive')
    return { type, value: kind.decode(content, what) }
  }
  return { type: 'unsupported', value: Uint8Array.from(element.bytes) }
}

function decodeOtherName(element: BerElement, what: string): GeneralName {
  const [typeId, tagged, ...rest] = element.children
  if (typeId === undefined || tagged === undefined || rest.length > 0)
    throw malformed(what, 'holds a torn otherName')
  const oid = decodeObjectIdentifier(typeId, what)
  const value = unwrapExplicit(tagged, tags.context0, what)
  const text = oid === upnOid ? decodeText(value) : null
  return text === null
    ? { type: 'otherName', typeId: oid, value: Uint8Array.from(value.bytes) }
    : { type: 'upn', value: text }
}

function decodeAscii(content: Uint8Array, what: string): string {
  const text = Buffer.from(content).toString('latin1')
  if (!isAscii(text)) throw malformed(what, 'holds a name that is not ASCII')
  return text
}

/** As RFC 5952 has IPv6, without `::`: readers compare addresses, not their spelling. */
function decodeIp(content: Uint8Array, what: string): string {
  if (content.length === 4) return content.join('.')
  if (content.length !== 16) throw malformed(what, `holds an IP address of ${content.length} bytes`)
  const groups = Array.from({ length: 8 }, (_, group) =>
    Buffer.from(content)
      .readUInt16BE(2 * group)
      .toString(16),
  )
  return groups.join(':')
}

/** What a CA may issue names for (RFC 5280 §4.2.1.10). */
export interface NameConstraint {
  readonly type: 'dns' | 'uri' | 'email' | 'ip' | 'directoryName'
  /**
   * - `dns`: a domain; it and everything below it; empty for all there are
   * - `uri`: a host, or with a dot before it all hosts of a domain
   * - `email`: a mailbox, a host, or with a dot before it all hosts of a domain
   * - `ip`: addresses in CIDR notation, such as `10.0.0.0/8`
   * - `directoryName`: an RFC 4514 string; names that end in it
   */
  readonly value: string
}

/**
 * The GeneralName that stands for a constraint.
 *
 * @throws SealwrightError `INVALID_ARGUMENT`
 */
export function nameConstraintOf({ type, value }: NameConstraint): PkiName {
  const domain = value.replace(/^\./, '')
  switch (type) {
    case 'directoryName':
      return generalNameOf({ type, value })
    case 'ip':
      return ipName(encodeCidr(value))
    case 'email':
      if (value.includes('@')) return generalNameOf({ type, value })
      break
    case 'dns':
    case 'uri':
      break
    default:
      throw refused(type, value, 'is of a type that constrains no names')
  }
  const problem = type !== 'dns' ? hostNameProblem(domain) : value === '' ? null : dnsProblem(value)
  if (problem !== null) throw refused(type, value, problem)
  return new PkiName({ type: stringKinds[type].tag, value })
}

/** The address and its mask, one after the other. */
function encodeCidr(value: string): Uint8Array {
  const [address = '', prefix = '', ...rest] = value.split('/')
  const problem = ipProblem(address)
  if (problem !== null) throw refused('ip', value, problem)
  const octets = encodeIp(address)
  const bits = Number(prefix)
  if (rest.length > 0 || !/^\d{1,3}$/.test(prefix) || bits > 8 * octets.length) {
    throw refused('ip', value, 'is not in CIDR notation, such as 10.0.0.0/8')
  }
  const mask = octets.map((_, index) => (0xff00 >> Math.min(8, Math.max(0, bits - 8 * index))) & 0xff)
  if (octets.some((octet, index) => (octet & ~(mask[index] ?? 0) & 0xff) !== 0)) {
    throw refused('ip', value, 'has bits after its prefix')
  }
  return Uint8Array.from([...octets, ...mask])
}

/** @throws SealwrightError `INVALID_ENCODING` */
export function decodeNameConstraint(element: BerElement, what: string): GeneralName {
  const subtree = new SequenceReader(element, what)
  const base = subtree.any('base')
  // A minimum or maximum, which RFC 5280 §4.2.1.10 does not have, would change what it means.
  subtree.end()
  const { tag, constructed, content } = base
  if (tag !== contextSpecific + stringKinds.ip.tag || constructed) return decodeGeneralName(base, what)
  const half = content.length / 2
  if (half !== 4 && half !== 16) throw malformed(what, 'holds an IP range of another length')
  const mask = [...content.subarray(half)].map((octet) => octet.toString(2).padStart(8, '0')).join('')
  if (!/^1*0*$/.test(mask)) throw malformed(what, 'holds an IP range with holes')
  return {
    type: 'ip',
    value: `${decodeIp(content.subarray(0, half), what)}/${mask.replace(/0+$/, '').length}`,
  }
}

function dnsProblem(value: string): string | null {
  if (isIP(value) !== 0) return 'is an IP address; give it the type ip'
  return hostNameProblem(value.startsWith('*.') ? value.slice(2) : value)
}

/** The preferred name syntax of RFC 1034 §3.5 as RFC 1123 §2.1 has it, and RFC 5890 §2.3.1 for `xn--`. */
function hostNameProblem(value: string): string | null {
  if (!isAscii(value)) return 'is not ASCII; write its A-labels (xn--…)'
  if (value.length > 253) return 'is longer than 253 characters'
  for (const label of value.split('.')) {
    if (!/^[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?$/.test(label)) {
      return 'is not a host name: labels of 1 to 63 letters, digits and inner hyphens, separated by single dots'
    }
    if (label.slice(2, 4) === '--' && !/^xn--/i.test(label))
      return 'has a label with -- that is not an A-label (xn--…)'
  }
  return null
}

/**
 * RFC 3986: a scheme, and something after it. Where there is an authority it holds a host (RFC 5280 §4.2.1.6).
 *
 * @returns what is wrong with the value; null when it is right
 */
export function uriProblem(value: string): string | null {
  if (!isAscii(value)) return 'is not ASCII; percent-encode it, and write its host in A-labels (xn--…)'
  if (!/^[A-Za-z][A-Za-z0-9+.-]*:(?:[A-Za-z0-9\-._~:/?#[\]@!$&'()*+,;=]|%[0-9A-Fa-f]{2})+$/.test(value)) {
    return 'is not an absolute URI'
  }
  if (!URL.canParse(value)) return 'is not a valid URI'
  const authority = /^[^:]+:\/\/([^/?#]*)/.exec(value)
  if (authority === null) return null
  const host = (authority[1] ?? '').replace(/^.*@/, '').replace(/:[0-9]*$/, '')
  if (/^\[.*\]$/.test(host))
    return isIP(host.slice(1, -1)) === 6 ? null : 'has a host that is not an IPv6 address'
  return isIP(host) === 4 || hostNameProblem(host) === null ? null : 'has an authority without a valid host'
}

/** `Mailbox` of RFC 5321 §4.1.2 without quoted strings. */
function emailProblem(value: string): string | null {
  if (!isAscii(value)) return 'is not ASCII; write its domain in A-labels (xn--…)'
  const [local = '', domain, ...rest] = value.split('@')
  if (domain === undefined || rest.length > 0) return 'is not local@domain'
  const atom = "[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
  if (local.length > 64 || !new RegExp(`^${atom}(?:\\.${atom})*$`).test(local)) {
    return 'has a local part that is not a dot-atom of at most 64 characters'
  }
  return hostNameProblem(domain)
}

function ipProblem(value: string): string | null {
  if (isIP(value) === 0) return 'is not an IPv4 or IPv6 address'
  return value.includes('%') ? 'has a zone, which means nothing elsewhere' : null
}

/** Four octets or sixteen, in network byte order. */
function encodeIp(value: string): Uint8Array {
  if (isIP(value) === 4) return encodeIpv4(value)
  // RFC 4291 §2.2: `::` stands for as many zeros as are missing, and the last 32 bits may be written as IPv4.
  const [left = [], right] = value.split('::').map(ipv6Octets)
  if (right === undefined) return Uint8Array.from(left)
  const address = new Uint8Array(16)
  address.set(left, 0)
  address.set(right, 16 - right.length)
  return address
}

function encodeIpv4(value: string): Uint8Array {
  return Uint8Array.from(value.split('.'), Number)
}

function ipv6Octets(part: string): readonly number[] {
  if (part === '') return []
  return part.split(':').flatMap((group) => {
    if (group.includes('.')) return [...encodeIpv4(group)]
    const number = Number.parseInt(group, 16)
    return [number >> 8, number & 0xff]
  })
}
