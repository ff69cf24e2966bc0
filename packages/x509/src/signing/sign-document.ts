import type { Signer } from '@sealwright/core'
import { Sequence } from 'asn1js'
import type { Certificate, CertificateRevocationList, CertificationRequest } from 'pkijs'
import { encoded, encodeDer } from '../asn1/encode.ts'
import { SignerEngine } from './signer-engine.ts'

/**
 * Signs a document of pkijs with a Signer.
 *
 * @returns its DER, with the signed bytes unchanged; pkijs would decode and encode them again
 * @throws SealwrightError `INVALID_SIGNATURE` when the signature does not verify with the signer's own public key; or
 *   what the signer throws
 */
export async function signDocument(
  document: Certificate | CertificationRequest | CertificateRevocationList,
  signer: Signer,
): Promise<Uint8Array<ArrayBuffer>> {
  const engine = new SignerEngine(signer)
  await document.sign(engine.privateKey, undefined, engine)
  const { tbsView, signatureAlgorithm, signatureValue } = document
  return encodeDer(new Sequence({ value: [encoded(tbsView), signatureAlgorithm.toSchema(), signatureValue] }))
}
