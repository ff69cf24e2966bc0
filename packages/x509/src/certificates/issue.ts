import type { KeyObject, X509Certificate } from 'node:crypto'
import { invalidArgument } from '@sealwright/core/internal'
import { readBer } from '../asn1/ber.ts'
import { checkNewName, encodeSubject, formatName } from '../names/distinguished-name.ts'
import { aCertificateSubject, anIssuer, certificateOptions } from './arguments.ts'
import { resolveContent, signCertificate, type CertificateOptions } from './certificate-content.ts'
import type { CertificateRequest } from './certificate-request.ts'
import { examineIssuer, type Issuer } from './issuer.ts'

/** A name and a key, to be certified by a CA. */
export interface CertificateSubject {
  /** As in `SelfSignedCertificateOptions`; empty for a certificate whose names are its `subjectAltNames`. */
  readonly subject: string
  /** The subject's public key. */
  readonly publicKey: KeyObject
}

/**
 * Issues a certificate, signed by a CA. It ends no later than the CA's own: the profile's days are cut short, and a later
 * `notAfter` is refused.
 *
 * @param subject a certificate request that `readCertificateRequest` has verified, or a name with its public key. The
 *   extensions that a request asks for are ignored; its `extensions` show them to a caller who grants some. For another name
 *   than a request asks for, pass the name with the request's `publicKey`
 * @throws SealwrightError `INVALID_ARGUMENT` also for an issuer whose certificate is for another key, has expired, is not a
 *   CA's, or may not issue this (path length, name constraints); `INVALID_ENCODING` for a request's subject that may not go into
 *   a new certificate, such as one in BMPStrings (RFC 5280 §4.1.2.4); `UNSUPPORTED_KEY` for a public key that is too weak or
 *   of another kind; else as `createSelfSignedCertificate`
 * @example
 * ```ts
 * import { issueCertificate, readCertificateRequest, type Issuer } from '@sealwright/x509'
 *
 * async function issue(ca: Issuer, request: Uint8Array) {
 *   return issueCertificate(ca, readCertificateRequest(request), {
 *     subjectAltNames: [{ type: 'dns', value: 'auth.example.com' }],
 *   })
 * }
 * ```
 */
export async function issueCertificate(
  issuer: Issuer,
  subject: CertificateRequest | CertificateSubject,
  options: CertificateOptions = {},
): Promise<X509Certificate> {
  anIssuer('issuer', issuer)
  aCertificateSubject('subject', subject)
  certificateOptions('options', options)
  const examined = examineIssuer(issuer)
  const name = isRequest(subject) ? requestedSubject(subject) : encodeSubject(subject.subject)
  const content = resolveContent(options, {
    subject: name,
    publicKey: subject.publicKey,
    issuer: examined,
  })
  return signCertificate(issuer.signer, content, examined)
}

function isRequest(subject: CertificateRequest | CertificateSubject): subject is CertificateRequest {
  return 'subjectDer' in subject && subject.subjectDer !== undefined
}

/** A request's subject goes into the certificate byte by byte. */
function requestedSubject({ subject, subjectDer }: CertificateRequest): Uint8Array {
  const source = 'the subject of the certificate request'
  const name = readBer(subjectDer, source, { elements: 1000, depth: 16 })
  checkNewName(name, source)
  // As in `{ ...request, subject: 'CN=granted' }`, which would certify what was requested.
  if (formatName(name) !== subject) {
    throw invalidArgument(
      'subject and subjectDer of the certificate request are different names; to certify another name than the request has, pass { subject, publicKey }',
    )
  }
  return subjectDer
}
