import type { Signer, SigningKey } from '@sealwright/core'
import { wrapKey } from '@sealwright/core/internal'

/** The key with other signers. Each is created once. */
export function keyWithSigners(key: SigningKey, wrap: (signer: Signer) => Signer): SigningKey {
  const wrapped = new WeakMap<Signer, Signer>()
  return wrapKey(key, (algorithm) => {
    const signer = key.signer(algorithm)
    const known = wrapped.get(signer) ?? wrap(signer)
    wrapped.set(signer, known)
    return known
  })
}
