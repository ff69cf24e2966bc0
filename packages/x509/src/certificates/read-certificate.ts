import { X509Certificate } from 'node:crypto'
import { malformed } from '../asn1/ber.ts'
import { assertCertifiedCurve } from '../keys/public-key.ts'

/**
 * One certificate in DER.
 *
 * @param source for messages: what holds it
 * @throws SealwrightError `INVALID_ENCODING`
 */
export function readCertificate(der: Uint8Array, source: string): X509Certificate {
  let certificate: X509Certificate
  try {
    certificate = new X509Certificate(der)
  } catch (cause) {
    throw malformed(source, 'does not hold an X.509 certificate', cause)
  }
  // Node takes PEM as well, and bytes after the end.
  if (!certificate.raw.equals(der)) throw malformed(source, 'does not hold exactly one certificate in DER')
  assertCertifiedCurve(certificate, source)
  return certificate
}
