import { isIP } from 'node:net'
import { SealwrightError } from '@sealwright/core'
import { implicit, sequence, type DerValue } from '../asn1/der.ts'
import { isAscii } from './text.ts'

/** A GeneralName (RFC 5280 §4.2.1.6) of one of the kinds that servers and services are known by. */
export interface SubjectAltName {
  readonly type: 'dns' | 'uri' | 'email' | 'ip'
  /**
   * All ASCII; internationalised domain names as A-labels (`xn--…`).
   * - `dns`: a host name, `*` allowed as its first label
   * - `uri`: absolute, percent-encoded where needed
   * - `email`: `local@domain`, without display name, quotes or comments
   * - `ip`: an IPv4 or IPv6 address, without prefix length or zone
   */
  readonly value: string
}

interface NameKind {
  /** Of the GeneralName CHOICE. */
  readonly tag: number
  /** @returns what is wrong with the value; null when it is right */
  readonly problem: (value: string) => string | null
  readonly encode: (value: string) => Uint8Array
}

const kinds: Readonly<Record<SubjectAltName['type'], NameKind>> = {
  email: { tag: 1, problem: emailProblem, encode: encodeAscii },
  dns: { tag: 2, problem: dnsProblem, encode: encodeAscii },
  uri: { tag: 6, problem: uriProblem, encode: encodeAscii },
  ip: { tag: 7, problem: ipProblem, encode: encodeIp },
}

/**
 * GeneralNames (RFC 5280 §4.2.1.6), in the order given.
 *
 * @throws SealwrightError `INVALID_ARGUMENT`; the message says which name and what is wrong with it
 */
export function encodeSubjectAltNames(names: readonly SubjectAltName[]): DerValue {
  return sequence(
    ...names.map(({ type, value }) => {
      const kind = Object.hasOwn(kinds, type) ? kinds[type] : undefined
      const problem =
        kind === undefined ? 'is of an unknown type; there are dns, uri, email and ip' : kind.problem(value)
      if (kind === undefined || problem !== null) {
        throw new SealwrightError(
          'INVALID_ARGUMENT',
          `the subject alternative name ${JSON.stringify(value)} (${type}) ${problem}`,
        )
      }
      return implicit(kind.tag, kind.encode(value))
    }),
  )
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

/** RFC 3986: a scheme, and something after it. Where there is an authority it holds a host (RFC 5280 §4.2.1.6). */
function uriProblem(value: string): string | null {
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

function encodeAscii(value: string): Uint8Array {
  return new TextEncoder().encode(value)
}
