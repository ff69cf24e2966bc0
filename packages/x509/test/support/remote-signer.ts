import { setTimeout } from 'node:timers/promises'
import { createLocalSigner, type Signer } from '@sealwright/core'
import { privateKey } from '@sealwright/test-kit/keys'

/** A signer as a vault has it: a signature takes a while, and no private key can be reached from it. */
export function remoteSigner(name: string): Signer {
  const local = createLocalSigner(privateKey(name), { algorithm: name })
  return {
    algorithm: local.algorithm,
    keyId: local.keyId,
    publicKey: local.publicKey,
    sign: async (data) => {
      await setTimeout(2)
      return local.sign(data)
    },
  }
}
