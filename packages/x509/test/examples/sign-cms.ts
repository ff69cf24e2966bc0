import type { X509Certificate } from 'node:crypto'
import type { Signer } from '@sealwright/core'
import { SignerEngine, toPkijs } from '@sealwright/x509/pkijs'
import * as pkijs from 'pkijs'

/** A detached CMS signature (RFC 5652), made by a key in a vault. */
export async function signCms(
  signer: Signer,
  x509: X509Certificate,
  content: ArrayBuffer,
): Promise<ArrayBuffer> {
  const engine = new SignerEngine(signer)
  const certificate = toPkijs(x509)
  const signedData = new pkijs.SignedData({
    version: 1,
    encapContentInfo: new pkijs.EncapsulatedContentInfo({ eContentType: pkijs.ContentInfo.DATA }),
    signerInfos: [new pkijs.SignerInfo({ version: 1, sid: new pkijs.IssuerAndSerialNumber(certificate) })],
    certificates: [certificate],
  })
  await signedData.sign(engine.privateKey, 0, signer.algorithm.webCrypto.hash, content, engine)
  const contentType = pkijs.ContentInfo.SIGNED_DATA
  return new pkijs.ContentInfo({ contentType, content: signedData.toSchema(true) }).toSchema().toBER()
}
