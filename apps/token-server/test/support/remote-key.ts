import type { Signer, SigningKey } from '@sealwright/core'

/** The key as one that is kept elsewhere: it signs with `sign` alone, which is the one given. */
export function remoteKey(key: SigningKey, sign: Signer['sign']): SigningKey {
  const { name, version, location, keyId, publicKey, algorithms, certificates } = key
  return {
    name,
    version,
    location,
    keyId,
    publicKey,
    algorithms,
    certificates,
    notBefore: key.notBefore,
    notAfter: key.notAfter,
    createdAt: key.createdAt,
    enabled: key.enabled,
    signer: (wanted) => ({ algorithm: key.signer(wanted).algorithm, keyId, publicKey, sign }),
  }
}
