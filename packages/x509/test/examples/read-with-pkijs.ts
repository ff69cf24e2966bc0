import type { X509Certificate } from 'node:crypto'
import { fromPkijs, toPkijs } from '@sealwright/x509/pkijs'

/** The policies of a certificate, as pkijs has them; and the certificate back. */
export function policies(certificate: X509Certificate): { oids: string[]; certificate: X509Certificate } {
  const parsed = toPkijs(certificate)
  const extension = parsed.extensions?.find(({ extnID }) => extnID === '2.5.29.32')
  const oids = extension?.parsedValue.certificatePolicies.map(
    ({ policyIdentifier }: { policyIdentifier: string }) => policyIdentifier,
  )
  return { oids: oids ?? [], certificate: fromPkijs(parsed) }
}
