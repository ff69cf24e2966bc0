import { isIP } from 'node:net'
import { isAscii } from './text.ts'

/** Each function says what is wrong with a value as a name of that type; null when it is right. */

/** A host name; its first label may be `*`. */
export function dnsProblem(value: string): string | null {
  if (isIP(value) !== 0) return 'is an IP address; give it the type ip'
  return hostNameProblem(value.startsWith('*.') ? value.slice(2) : value)
}

/** The preferred name syntax of RFC 1034 §3.5 as amended by RFC 1123 §2.1, and RFC 5890 §2.3.1 for `xn--`. */
export function hostNameProblem(value: string): string | null {
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
 * RFC 3986: a scheme, and something after it. An authority must have a host (RFC 5280 §4.2.1.6).
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
export function emailProblem(value: string): string | null {
  if (!isAscii(value)) return 'is not ASCII; write its domain in A-labels (xn--…)'
  const [local = '', domain, ...rest] = value.split('@')
  if (domain === undefined || rest.length > 0) return 'is not local@domain'
  const atom = "[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
  if (local.length > 64 || !new RegExp(`^${atom}(?:\\.${atom})*$`).test(local)) {
    return 'has a local part that is not a dot-atom of at most 64 characters'
  }
  return hostNameProblem(domain)
}
