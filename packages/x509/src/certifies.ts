import type { KeyObject, X509Certificate } from 'node:crypto'

/** Whether the certificate is for that public key. False as well for kinds of keys that OpenSSL does not know. */
export function certifies(certificate: X509Certificate, publicKey: KeyObject): boolean {
  try {
    return certificate.publicKey.equals(publicKey)
  } catch {
    return false
  }
}
