import type { SignatureAlgorithm } from '../algorithms/table.ts'
import { isSyncSigner, type Signer, type SyncSigner } from '../signing/signer.ts'
import type { SigningKey } from './key-store.ts'

/** The signer that signs in another way, synchronously too if it could. Wrapping adds no promise to a signature. */
export function wrapSigner(
  signer: Signer,
  ways: {
    readonly sign: Signer['sign']
    /** @param signer the one that is wrapped */
    readonly signSync: (signer: SyncSigner) => SyncSigner['signSync']
  },
): Signer {
  const { algorithm, keyId, publicKey } = signer
  const wrapped = { algorithm, keyId, publicKey, sign: ways.sign }
  if (!isSyncSigner(signer)) return wrapped
  const synchronous: SyncSigner = { ...wrapped, signSync: ways.signSync(signer) }
  return synchronous
}

/** The key with other signers. Its members are read once: a store's key can have getters, which a copy by spreading would lose. */
export function wrapKey(
  key: SigningKey,
  signer: SigningKey['signer'],
  algorithms: readonly SignatureAlgorithm[] = key.algorithms,
): SigningKey {
  const { name, version, location, keyId, publicKey, certificates } = key
  const { notBefore, notAfter, enforcesValidity, createdAt, enabled } = key
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
    enforcesValidity,
    createdAt,
    enabled,
    signer,
  }
}
