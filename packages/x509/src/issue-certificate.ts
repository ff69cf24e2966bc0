import { createPublicKey, verify, type KeyObject, type X509Certificate } from 'node:crypto'
import { algorithms, SealwrightError, type Signer } from '@sealwright/core'
import { Certificate, CertificationRequest, PublicKeyInfo } from 'pkijs'
import { signatureAlgorithmIdentifier } from './algorithm-identifiers.ts'
import { readBer } from './asn1/ber.ts'
import { keyIdentifierOf, signTokenCertificate, validity } from './self-signed-certificate.ts'

/** Whose key signs a certificate, and the certificate of that key. */
export interface Issuer {
  readonly signer: Signer
  /** That of the signer's key; a CA's (basicConstraints cA TRUE). */
  readonly certificate: X509Certificate
}

export interface IssueCertificateOptions {
  /** Default now. Fractions of a second are dropped. */
  readonly notBefore?: Date | undefined
  /** Default 730 days after `notBefore`. Fractions of a second are dropped. */
  readonly notAfter?: Date | undefined
}

const subjectKeyIdentifierOid = '2.5.29.14'

/**
 * Issues a token-signing certificate for the key of a certificate request, in the request's name. What extensions the
 * request asks for is passed over: the certificate has those of every token-signing certificate.
 *
 * @param request PKCS#10 (RFC 2986), DER; its signature must verify with the key in it
 * @throws SealwrightError `INVALID_ENCODING`, `LIMIT_EXCEEDED` for what is no request; `INVALID_SIGNATURE` for a request
 *   that its own key has not signed, or when the issuer's signature does not verify; `INVALID_ARGUMENT` for an issuer whose
 *   certificate is not a CA's or not its signer's, before anything is signed; or what the signer throws
 */
export async function issueCertificate(
  request: Uint8Array,
  issuer: Issuer,
  options: IssueCertificateOptions = {},
): Promise<X509Certificate> {
  checkIssuer(issuer)
  const { subject, subjectPublicKeyInfo } = readRequest(request)
  const issuerCertificate = Certificate.fromBER(Uint8Array.from(issuer.certificate.raw))
  return signTokenCertificate(issuer.signer, {
    ...validity(options),
    subject,
    publicKeyInfo: subjectPublicKeyInfo,
    issuer: issuerCertificate.subject,
    issuerKeyIdentifier: issuerKeyIdentifier(issuerCertificate),
    subjectAltNames: [],
  })
}

function checkIssuer({ signer, certificate }: Issuer): void {
  if (!certificate.publicKey.equals(signer.publicKey)) {
    throw new SealwrightError(
      'INVALID_ARGUMENT',
      'the issuer’s certificate is not that of the key that signs',
    )
  }
  if (!certificate.ca) {
    throw new SealwrightError(
      'INVALID_ARGUMENT',
      'the issuer’s certificate is not a CA’s, so that nobody would accept what it issues',
    )
  }
}

function readRequest(der: Uint8Array): CertificationRequest {
  const what = 'the certificate request'
  readBer(der, what, { elements: 1_000, depth: 16 })
  let request: CertificationRequest
  let publicKey: KeyObject
  try {
    request = CertificationRequest.fromBER(Uint8Array.from(der))
    const spki = new Uint8Array(request.subjectPublicKeyInfo.toSchema().toBER())
    publicKey = createPublicKey({ key: Buffer.from(spki), format: 'der', type: 'spki' })
  } catch (cause) {
    throw new SealwrightError('INVALID_ENCODING', `${what} is no PKCS#10`, { cause })
  }
  if (!isSignedBy(request, publicKey)) {
    throw new SealwrightError('INVALID_SIGNATURE', `${what} is not signed with the key in it`)
  }
  return request
}

/** With whichever algorithm of core's table the request names; the curve is the key's. */
function isSignedBy(request: CertificationRequest, publicKey: KeyObject): boolean {
  const { algorithmId } = request.signatureAlgorithm
  const row = algorithms.find((each) => signatureAlgorithmIdentifier(each).algorithmId === algorithmId)
  if (row === undefined) return false
  const signature = request.signatureValue.valueBlock.valueHexView
  return verify(row.digest, request.tbsView, { key: publicKey, ...row.pss }, signature)
}

/** As the issuer's certificate says it, so that chains are found by comparing bytes (RFC 5280 §4.2.1.1). */
function issuerKeyIdentifier(issuer: Certificate): Uint8Array {
  const extension = issuer.extensions?.find(({ extnID }) => extnID === subjectKeyIdentifierOid)
  const content = extension?.extnValue.valueBlock.valueHexView
  // The value is an OCTET STRING inside the OCTET STRING of every extension.
  return content === undefined
    ? keyIdentifierOf(PublicKeyInfo.fromBER(issuer.subjectPublicKeyInfo.toSchema().toBER()))
    : Uint8Array.from(readBer(content, 'the issuer’s key identifier', { elements: 1, depth: 1 }).content)
}
