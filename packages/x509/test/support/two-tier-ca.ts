import type { Signer } from '@sealwright/core'
import {
  createRevocationList,
  createSelfSignedCertificate,
  encodePem,
  issueCertificate,
  readCertificateRequest,
  readRevocationList,
} from '@sealwright/x509'

/** A root CA, whose key signs every few years, and an issuing CA, whose key signs every day. */
export async function certify(
  rootSigner: Signer,
  issuingSigner: Signer,
  request: Uint8Array,
): Promise<string> {
  const root = {
    signer: rootSigner,
    certificate: await createSelfSignedCertificate(rootSigner, {
      subject: 'CN=Contoso Root CA,O=Contoso',
      profile: 'rootCa',
    }),
  }
  const issuingSubject = { subject: 'CN=Contoso Issuing CA,O=Contoso', publicKey: issuingSigner.publicKey }
  const issuing = {
    signer: issuingSigner,
    certificate: await issueCertificate(root, issuingSubject, {
      profile: 'issuingCa',
      extensions: { crlDistributionPoints: ['http://pki.contoso.com/root.crl'] },
    }),
  }

  // A token service created the request and keeps its private key.
  const certificate = await issueCertificate(issuing, readCertificateRequest(request))

  // The first list is empty. Each later list has the entries of the previous one and a higher number.
  const first = await createRevocationList(issuing, { number: 1, revoked: [] })
  const { revoked } = readRevocationList(first, issuing.certificate)
  const entry = {
    serialNumber: certificate.serialNumber,
    revokedAt: new Date(),
    reason: 'superseded',
  } as const
  const second = await createRevocationList(issuing, { number: 2, revoked: [...revoked, entry] })

  const chain = [certificate, issuing.certificate, root.certificate]
  return [...chain.map(({ raw }) => encodePem('CERTIFICATE', raw)), encodePem('X509 CRL', second)].join('')
}
