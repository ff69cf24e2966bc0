import type { X509Certificate } from 'node:crypto'

/** SHA-1 in hexadecimal, as Windows and Azure show it. */
export function thumbprint(certificate: X509Certificate): string {
  return certificate.fingerprint.replaceAll(':', '')
}
