import type { X509Certificate } from 'node:crypto'
import { aCertificate, invalidArgument } from '@sealwright/core/internal'
import { Certificate } from 'pkijs'
import { malformed } from '../asn1/ber.ts'
import { encodeDer } from '../asn1/encode.ts'
import { readCertificate } from '../certificates/read-certificate.ts'
import { resolveLimits } from '../limits.ts'
import { readBounded, defaultPkijsLimits, type PkijsLimits } from './bounds.ts'

const source = 'the certificate'

/**
 * A certificate as an object of pkijs. It is bounded before pkijs parses it.
 *
 * @param limits limits on the input of pkijs
 * @throws SealwrightError `LIMIT_EXCEEDED` for a certificate beyond the limits; `INVALID_ENCODING` for one that pkijs does not
 *   parse; `INVALID_ARGUMENT` for anything but an X509Certificate
 * @example
 * ```ts
 * import { X509Certificate } from 'node:crypto'
 * import { readFile } from 'node:fs/promises'
 * import { toPkijs } from '@sealwright/x509/pkijs'
 *
 * const { extensions } = toPkijs(new X509Certificate(await readFile('my-app.crt')))
 * console.log(extensions?.map(({ extnID }) => extnID))
 * ```
 */
export function toPkijs(certificate: X509Certificate, limits: Partial<PkijsLimits> = {}): Certificate {
  aCertificate('certificate', certificate)
  const { bytes, ...budget } = resolveLimits(defaultPkijsLimits, limits)
  readBounded(certificate.raw, source, bytes, budget)
  try {
    return Certificate.fromBER(certificate.raw)
  } catch (cause) {
    throw malformed(source, 'cannot be parsed by pkijs', cause)
  }
}

/**
 * The certificate of a pkijs object, with the bytes that were parsed or signed.
 *
 * @throws SealwrightError `INVALID_ENCODING` for a certificate that OpenSSL does not take, such as one that is not signed;
 *   `INVALID_ARGUMENT` for anything but a certificate of pkijs
 * @example
 * ```ts
 * import { fromPkijs, type toPkijs } from '@sealwright/x509/pkijs'
 *
 * function thumbprint(certificate: ReturnType<typeof toPkijs>) {
 *   return fromPkijs(certificate).fingerprint256
 * }
 * ```
 */
export function fromPkijs(certificate: Certificate): X509Certificate {
  // By shape: an application may have its own copy of pkijs.
  if (typeof certificate !== 'object' || certificate === null || typeof certificate.toSchema !== 'function')
    throw invalidArgument('certificate must be a Certificate of pkijs')
  let der: Uint8Array
  try {
    der = encodeDer(certificate)
  } catch (cause) {
    throw malformed(source, 'cannot be encoded by pkijs', cause)
  }
  return readCertificate(der, source)
}
