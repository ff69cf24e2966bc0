import type { GeneralName } from './general-name.ts'
import { isInCidr } from './ip-address.ts'
import { parseDistinguishedName } from './name-parser.ts'
import { dnsProblem, emailProblem, uriProblem } from './name-syntax.ts'

/** The name constraints of a CA (RFC 5280 §4.2.1.10). */
interface Constraints {
  readonly permitted: readonly GeneralName[]
  readonly excluded: readonly GeneralName[]
}

/**
 * Checks names against a CA's name constraints, as in RFC 5280 §6.1.4 (g). A name that cannot be compared with a
 * constraint of its type is refused. So is a malformed one, such as a mailbox with two `@`, which verifiers read
 * differently.
 *
 * @param names all of one certificate: its subject, the e-mail addresses in the subject, and its alternative names
 * @returns the problem, for a message that begins with the type of the name; null when all names are permitted
 */
export function nameConstraintProblem(
  names: readonly GeneralName[],
  { permitted, excluded }: Constraints,
): string | null {
  for (const name of names) {
    const ofType = (constraint: GeneralName): boolean => classOf(constraint) === classOf(name)
    const [allowed, denied] = [permitted.filter(ofType), excluded.filter(ofType)]
    if (allowed.length > 0 && !allowed.some((constraint) => isWithin(name, constraint) === true)) {
      return `a name of type ${name.type} is outside the names that the issuer may certify`
    }
    // Null where the two cannot be compared.
    if (denied.some((constraint) => isWithin(name, constraint) !== false || covers(name, constraint))) {
      return `a name of type ${name.type} is among those that the issuer may not certify`
    }
  }
  return null
}

/** Names that are compared with each other. A UPN is an otherName, and its constraints are not known. */
function classOf({ type }: GeneralName): string {
  return type === 'upn' ? 'otherName' : type
}

/** @returns null where that cannot be told */
function isWithin(name: GeneralName, constraint: GeneralName): boolean | null {
  if (typeof name.value !== 'string' || typeof constraint.value !== 'string') return null
  const value = name.value.toLowerCase()
  const base = constraint.value.toLowerCase()
  switch (name.type) {
    case 'dns':
      return isHostWithin(value, base)
    case 'email':
      return isMailboxWithin(name.value, constraint.value)
    case 'uri':
      return isUriWithin(value, base)
    case 'ip':
      return isInCidr(name.value, constraint.value)
    case 'directoryName':
      return isDirectoryNameWithin(name.value, constraint.value)
    default:
      return null
  }
}

/** A domain and everything below it; with a dot before it, everything below. */
function isHostWithin(host: string, domain: string): boolean | null {
  if (dnsProblem(host) !== null) return null
  if (domain === '' || host === domain) return true
  return host.endsWith(domain.startsWith('.') ? domain : `.${domain}`)
}

/** Whether a wildcard stands for names within an excluded domain. */
function covers(name: GeneralName, constraint: GeneralName): boolean {
  if (name.type !== 'dns' || typeof constraint.value !== 'string' || !name.value.startsWith('*.'))
    return false
  const domain = constraint.value.toLowerCase().replace(/^\./, '')
  return domain.endsWith(name.value.slice(1).toLowerCase())
}

/** Case counts in the local part of a mailbox, and not in its domain (RFC 5280 §7.5). */
function isMailboxWithin(mailbox: string, constraint: string): boolean | null {
  if (emailProblem(mailbox) !== null) return null
  const at = mailbox.lastIndexOf('@')
  const domain = mailbox.slice(at + 1).toLowerCase()
  const constraintAt = constraint.lastIndexOf('@')
  if (constraintAt === -1) return isExactHostWithin(domain, constraint.toLowerCase())
  return (
    mailbox.slice(0, at) === constraint.slice(0, constraintAt) &&
    domain === constraint.slice(constraintAt + 1).toLowerCase()
  )
}

/** One host, or with a dot before it all hosts of a domain. */
function isExactHostWithin(host: string, constraint: string): boolean {
  return constraint.startsWith('.') ? host.endsWith(constraint) : host === constraint
}

/** Null without a host name: RFC 5280 §4.2.1.10 refuses such a URI. */
function isUriWithin(uri: string, constraint: string): boolean | null {
  if (uriProblem(uri) !== null) return null
  const authority = /^[^:]+:\/\/([^/?#]*)/.exec(uri)?.[1]
  const host = authority?.replace(/^.*@/, '').replace(/:[0-9]*$/, '')
  if (host === undefined || host === '' || /^\[|^[0-9.]+$/.test(host)) return null
  return isExactHostWithin(host, constraint)
}

/** Whether the relative names of the constraint are the first of the name, which are the last of an RFC 4514 string. */
function isDirectoryNameWithin(name: string, constraint: string): boolean {
  const [names, base] = [comparable(name), comparable(constraint)]
  return base.every((relativeName, index) => names[index] === relativeName)
}

/** Relative names in the order of the encoding. Case and runs of spaces do not count (RFC 5280 §7.1). */
function comparable(text: string): readonly string[] {
  if (text === '') return []
  return parseDistinguishedName(text)
    .map((attributes) =>
      attributes
        .map(
          ({ oid, text: value }) =>
            `${oid}=${value.normalize('NFKC').toLowerCase().trim().replace(/\s+/g, ' ')}`,
        )
        .toSorted()
        .join('\0'),
    )
    .toReversed()
}
