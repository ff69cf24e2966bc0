import type { KeyObject, X509Certificate } from 'node:crypto'

/** Whether the certificate is for that public key. False as well for kinds of keys that OpenSSL does not know. */
export function certifies(certificate: X509Certificate, publicKey: KeyObject): boolean {
  try {
    return sameKey(certificate.publicKey, publicKey)
  } catch {
    return false
  }
}

/**
 * Whether two keys are the same. Keys of different types are told apart before OpenSSL sees them: it would queue an error, and
 * Node (20 to 26) would take that for one of the private key it reads next, in any part of the process.
 */
export function sameKey(a: KeyObject, b: KeyObject): boolean {
  return a.asymmetricKeyType === b.asymmetricKeyType && a.equals(b)
}
