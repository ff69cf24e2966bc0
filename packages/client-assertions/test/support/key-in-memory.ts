import type { KeyObject, X509Certificate } from 'node:crypto'
import { algorithmsOf, createLocalSigner, type AlgorithmName, type SigningKey } from '@sealwright/core'

/** A key that is in no store. */
export function keyInMemory(
  privateKey: KeyObject,
  certificates: readonly X509Certificate[] = [],
  dates: Partial<Pick<SigningKey, 'notBefore' | 'notAfter'>> = {},
): SigningKey {
  const { keyId, publicKey } = createLocalSigner(privateKey)
  return {
    name: 'reports',
    version: '1',
    location: 'memory',
    keyId,
    publicKey,
    algorithms: algorithmsOf(privateKey),
    certificates,
    notBefore: null,
    notAfter: null,
    enforcesValidity: false,
    createdAt: null,
    enabled: true,
    signer: (algorithm) =>
      createLocalSigner(privateKey, { algorithm: algorithm as AlgorithmName | undefined }),
    ...dates,
  }
}
