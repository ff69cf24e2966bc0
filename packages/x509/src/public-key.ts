import { createPublicKey, type KeyObject, type X509Certificate } from 'node:crypto'
import { malformed } from './asn1/ber.ts'
import { mlDsaProblem } from './ml-dsa.ts'

/**
 * Reads a SubjectPublicKeyInfo (RFC 5280 §4.1.2.7).
 *
 * @param what for messages, such as `the public key of the certificate`
 * @throws SealwrightError `UNSUPPORTED_KEY` for an ML-DSA key where this Node has none; `INVALID_ENCODING` for another that
 *   OpenSSL does not take
 */
export function readPublicKey(publicKeyInfo: Uint8Array, what: string): KeyObject {
  let publicKey: KeyObject
  try {
    publicKey = createPublicKey({ key: Buffer.from(publicKeyInfo), format: 'der', type: 'spki' })
  } catch (cause) {
    throw mlDsaProblem(what, publicKeyInfo, cause) ?? malformed(what, 'is none that OpenSSL takes', cause)
  }
  assertPoint(publicKey, what)
  return publicKey
}

/**
 * Refuses an EC key whose point is at infinity (SEC 1 §2.3.3, the single octet 00). OpenSSL reads it, and Node 20 and 22 end
 * the whole process when they are asked for its details or its JWK, so this comes before anybody does. Encoding it fails.
 *
 * @param key public or private
 * @throws SealwrightError `INVALID_ENCODING`
 */
export function assertPoint(key: KeyObject, what: string): void {
  if (key.asymmetricKeyType !== 'ec') return
  try {
    const publicKey = key.type === 'private' ? createPublicKey(key) : key
    publicKey.export({ format: 'der', type: 'spki' })
  } catch (cause) {
    throw malformed(what, 'is an EC key whose point is at infinity', cause)
  }
}

/** As {@link assertPoint} for the key of a certificate; a key that OpenSSL does not know is left to whoever asks for it. */
export function assertCertifiedPoint(certificate: X509Certificate, what: string): void {
  let publicKey: KeyObject
  try {
    ;({ publicKey } = certificate)
  } catch {
    return
  }
  assertPoint(publicKey, `the public key of the certificate in ${what}`)
}
