import * as peculiar from '@peculiar/x509'
import type { Signer } from '@sealwright/core'
import { signerCrypto } from '@sealwright/x509'

/** A certificate request of @peculiar/x509, signed by a key in a vault. */
export async function request(signer: Signer): Promise<peculiar.Pkcs10CertificateRequest> {
  const { crypto, keys } = await signerCrypto(signer)
  const signingAlgorithm = signer.algorithm.webCrypto
  return peculiar.Pkcs10CertificateRequestGenerator.create(
    { name: 'CN=my-app', keys, signingAlgorithm },
    crypto,
  )
}
