import { invalidArgument } from '@sealwright/core/internal'
import { GeneralName as PkiName } from 'pkijs'
import { type BerElement } from '../asn1/ber.ts'
import { SequenceReader } from '../asn1/sequence-reader.ts'
import {
  contextSpecific,
  decodeGeneralName,
  generalNameOf,
  ipName,
  stringKinds,
  type GeneralName,
} from './general-name.ts'
import { cidrProblem, decodeCidr, encodeCidr } from './ip-address.ts'
import { dnsProblem, hostNameProblem } from './name-syntax.ts'

/** A set of names (RFC 5280 §4.2.1.10). */
export interface NameConstraint {
  /** The type of names that it is about. */
  readonly type: 'dns' | 'uri' | 'email' | 'ip' | 'directoryName'
  /**
   * - `dns`: a domain and everything below it; empty for all host names
   * - `uri`: a host, or with a dot before it all hosts of a domain
   * - `email`: a mailbox, a host, or with a dot before it all hosts of a domain
   * - `ip`: addresses in CIDR notation, such as `10.0.0.0/8`
   * - `directoryName`: an RFC 4514 string; the names that end in it
   */
  readonly value: string
}

/**
 * The GeneralName that stands for a constraint.
 *
 * @throws SealwrightError `INVALID_ARGUMENT`
 *
 * @internal
 */
export function nameConstraintOf({ type, value }: NameConstraint): PkiName {
  const problem = constraintProblem(type, value)
  if (problem !== null) {
    throw invalidArgument(`a name constraint of type ${type} ${problem}`)
  }
  if (type === 'directoryName' || (type === 'email' && value.includes('@'))) {
    return generalNameOf({ type, value })
  }
  return type === 'ip' ? ipName(encodeCidr(value)) : new PkiName({ type: stringKinds[type].tag, value })
}

function constraintProblem(type: NameConstraint['type'], value: string): string | null {
  switch (type) {
    case 'directoryName':
      return null
    case 'ip':
      return cidrProblem(value)
    case 'dns':
      // Verifiers compare it as it is: it would permit and exclude nothing.
      if (value.startsWith('*.')) return 'has a wildcard; write the domain, which includes all below it'
      return value === '' ? null : dnsProblem(value)
    case 'email':
      return value.includes('@') ? null : hostNameProblem(value.replace(/^\./, ''))
    case 'uri':
      return hostNameProblem(value.replace(/^\./, ''))
    default:
      throw invalidArgument('a name constraint has an unknown type; use dns, uri, email, ip or directoryName')
  }
}

/** @throws SealwrightError `INVALID_ENCODING` */
export function decodeNameConstraint(element: BerElement, source: string): GeneralName {
  const subtree = new SequenceReader(element, source)
  const base = subtree.any('base')
  // A minimum or maximum, which RFC 5280 §4.2.1.10 rules out, would change the meaning.
  subtree.end()
  const { tag, constructed, content } = base
  return tag === contextSpecific + stringKinds.ip.tag && !constructed
    ? { type: 'ip', value: decodeCidr(content, source) }
    : decodeGeneralName(base, source)
}
