import type { Signer, SigningKey } from '@sealwright/core'
import { wrapKey } from '@sealwright/core/internal'

/** The key as one that is kept elsewhere: it signs with `sign` alone, which is the one given. */
export function remoteKey(key: SigningKey, sign: Signer['sign']): SigningKey {
  const { keyId, publicKey } = key
  return wrapKey(key, (wanted) => ({ algorithm: key.signer(wanted).algorithm, keyId, publicKey, sign }))
}
