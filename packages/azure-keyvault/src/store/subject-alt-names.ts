import type { SubjectAlternativeNames } from '@azure/keyvault-certificates'
import { SealwrightError } from '@sealwright/core'
import { aString, listOf, optionsOf, type Check } from '@sealwright/core/internal'
import type { SubjectAltName } from '@sealwright/x509'

/** The service's name for each type. */
const members = {
  dns: 'dnsNames',
  email: 'emails',
  upn: 'userPrincipalNames',
  uri: 'uniformResourceIdentifiers',
  ip: 'ipAddresses',
} as const

/** Checks the type of each name; the service checks its value. */
export const subjectAltNames: Check = listOf((name, value) => {
  optionsOf({ type: aString, value: aString }, ['type', 'value'])(name, value)
  const type: unknown = typeof value === 'object' && value !== null ? Reflect.get(value, 'type') : null
  if (typeof type === 'string' && Object.hasOwn(members, type)) return
  throw new SealwrightError(
    'UNSUPPORTED_OPERATION',
    `Key Vault does not support ${name} in a certificate; it supports ${Object.keys(members).join(', ')}; create the certificate ` +
      'elsewhere and import it',
  )
})

/** As the policy of a certificate has them; null for none. */
export function vaultNames(names: readonly SubjectAltName[]): SubjectAlternativeNames | null {
  const lists: Partial<Record<(typeof members)[keyof typeof members], string[]>> = {}
  for (const { type, value } of names) {
    // These were refused.
    if (type === 'otherName' || type === 'directoryName') continue
    const list = (lists[members[type]] ??= [])
    list.push(value)
  }
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the type wants one member at least, which there is
  return names.length === 0 ? null : (lists as SubjectAlternativeNames)
}
