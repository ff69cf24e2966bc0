import type { Signer } from '@sealwright/core'
import * as asn1js from 'asn1js'
import * as pkijs from 'pkijs'

export { pkijs }

function commonName(value: string): pkijs.AttributeTypeAndValue {
  return new pkijs.AttributeTypeAndValue({ type: '2.5.4.3', value: new asn1js.Utf8String({ value }) })
}

function publicKeyInfo({ publicKey }: Signer): pkijs.PublicKeyInfo {
  return pkijs.PublicKeyInfo.fromBER(publicKey.export({ format: 'der', type: 'spki' }))
}

/** A self-signed certificate as applications make it with pkijs. */
export async function pkijsCertificate(
  signer: Signer,
  sign: (certificate: pkijs.Certificate) => Promise<void>,
): Promise<pkijs.Certificate> {
  const certificate = new pkijs.Certificate({ version: 2, serialNumber: new asn1js.Integer({ value: 7 }) })
  certificate.issuer.typesAndValues.push(commonName('pkijs'))
  certificate.subject.typesAndValues.push(commonName('pkijs'))
  certificate.notBefore.value = new Date('2026-01-01')
  certificate.notAfter.value = new Date('2040-01-01')
  certificate.subjectPublicKeyInfo = publicKeyInfo(signer)
  await sign(certificate)
  return certificate
}

/** A certificate request likewise. */
export async function pkijsRequest(
  signer: Signer,
  sign: (request: pkijs.CertificationRequest) => Promise<void>,
): Promise<pkijs.CertificationRequest> {
  const request = new pkijs.CertificationRequest({ attributes: [] })
  request.subject.typesAndValues.push(commonName('pkijs'))
  request.subjectPublicKeyInfo = publicKeyInfo(signer)
  await sign(request)
  return request
}
