import { createPublicKey, type KeyObject } from 'node:crypto'
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
  try {
    return createPublicKey({ key: Buffer.from(publicKeyInfo), format: 'der', type: 'spki' })
  } catch (cause) {
    throw mlDsaProblem(what, publicKeyInfo, cause) ?? malformed(what, 'is none that OpenSSL takes', cause)
  }
}
