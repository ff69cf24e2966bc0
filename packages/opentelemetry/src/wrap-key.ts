import type { Signer, SigningKey } from '@sealwright/core'

/** The key with other signers. Each is made once. */
export function wrapKey(key: SigningKey, wrap: (signer: Signer) => Signer): SigningKey {
  const wrapped = new WeakMap<Signer, Signer>()
  const { name, version, location, keyId, publicKey, algorithms, certificates } = key
  const { notBefore, notAfter, createdAt, enabled } = key
  return {
    name,
    version,
    location,
    keyId,
    publicKey,
    algorithms,
    certificates,
    notBefore,
    notAfter,
    createdAt,
    enabled,
    signer(algorithm) {
      const signer = key.signer(algorithm)
      const known = wrapped.get(signer) ?? wrap(signer)
      wrapped.set(signer, known)
      return known
    },
  }
}
