import type { Signer } from '@sealwright/core'
import { Sequence } from 'asn1js'
import type { Certificate, CertificateRevocationList, CertificationRequest } from 'pkijs'
import { encoded, encodeDer } from '../asn1/encode.ts'
import { SignerEngine } from './signer-engine.ts'

/**
 * Signs a document of pkijs with a Signer.
 *
 * @returns its DER; what was signed goes in byte by byte, where pkijs would decode and encode it again
 * @throws SealwrightError `INVALID_SIGNATURE` when what the signer returned does not verify with its own public key; or what
 *   the signer throws
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
