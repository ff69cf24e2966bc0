import type { X509Certificate } from 'node:crypto'
import { createSelfSignedCertificate, generateKeyPair, signerFromCryptoKey } from '@sealwright/x509'

/** A certificate for a key that cannot be exported. */
export async function certify(): Promise<X509Certificate> {
  const keys = await generateKeyPair('ec-p256')
  const signer = await signerFromCryptoKey(keys)
  return createSelfSignedCertificate(signer, { subject: 'CN=my-app-auth' })
}
