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
 * Whether two keys are the same. Keys of different types are not passed to OpenSSL: it would queue an error that Node
 * (20 to 26) attributes to the next private key that any part of the process reads.
 */
export function sameKey(a: KeyObject, b: KeyObject): boolean {
  return a.asymmetricKeyType === b.asymmetricKeyType && a.equals(b)
}
