import { invalidArgument } from '@sealwright/core/internal'
import { ExtKeyUsage } from 'pkijs'
import { decodeObjectIdentifier } from '../../asn1/values.ts'
import { isObjectIdentifier } from '../../names/name-attribute.ts'
import { itemsOf, type ExtensionKind } from './extension.ts'

/** Purposes that have names (RFC 5280 §4.2.1.12); others are given as OIDs. */
const purposes: Readonly<Record<string, string>> = {
  serverAuth: '1.3.6.1.5.5.7.3.1',
  clientAuth: '1.3.6.1.5.5.7.3.2',
  codeSigning: '1.3.6.1.5.5.7.3.3',
  emailProtection: '1.3.6.1.5.5.7.3.4',
  timeStamping: '1.3.6.1.5.5.7.3.8',
  OCSPSigning: '1.3.6.1.5.5.7.3.9',
  anyExtendedKeyUsage: '2.5.29.37.0',
}

/** RFC 5280 §4.2.1.12. */
export const extendedKeyUsage: ExtensionKind<readonly string[], readonly string[]> = {
  oid: '2.5.29.37',
  critical: false,
  encode: (names) => {
    if (names.length === 0) return null
    const keyPurposes = names.map(oidOf)
    if (keyPurposes.length > 1 && keyPurposes.includes(purposes['timeStamping'] ?? '')) {
      throw invalidArgument(
        'the extended key usage timeStamping cannot be combined with others (RFC 3161 §2.3)',
      )
    }
    return new ExtKeyUsage({ keyPurposes })
  },
  decode: (element, name) =>
    itemsOf(element, name).map((child) => {
      const oid = decodeObjectIdentifier(child, name)
      return Object.entries(purposes).find(([, known]) => known === oid)?.[0] ?? oid
    }),
}

/** Whether the extension has to be critical, as for a time-stamping authority (RFC 3161 §2.3). */
export function isTimeStamping(names: readonly string[]): boolean {
  return names.length === 1 && oidOf(names[0] ?? '') === purposes['timeStamping']
}

function oidOf(name: string): string {
  const oid = Object.hasOwn(purposes, name) ? purposes[name] : name
  if (oid !== undefined && isObjectIdentifier(oid)) return oid
  throw invalidArgument(
    `extendedKeyUsage has an unknown value; use ${Object.keys(purposes).join(', ')} or an OID`,
  )
}
