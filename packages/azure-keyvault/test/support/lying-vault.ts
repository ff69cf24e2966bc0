import { createLocalSigner } from '@sealwright/core'
import { createPublicKey, type KeyObject } from 'node:crypto'
import type { SignAnswer } from '../../src/vault/connection.ts'

export const vaultUrl = 'https://contoso.vault.azure.net'
export const version = '0123456789abcdef0123456789abcdef'

/** What a signer needs of a vault's client; this one answers with whatever it is told to. No real vault would. */
export function lyingVault(answer: () => SignAnswer): {
  readonly vaultUrl: string
  sign(): Promise<SignAnswer>
} {
  return { vaultUrl, sign: () => Promise.resolve(answer()) }
}

export function pinnedKey(privateKey: KeyObject): {
  readonly name: string
  readonly version: string
  readonly keyId: string
  readonly publicKey: KeyObject
  readonly isInHardware: boolean
  readonly createdAt: Date | null
} {
  const { keyId } = createLocalSigner(privateKey)
  return {
    name: 'k',
    version,
    keyId,
    publicKey: createPublicKey(privateKey),
    isInHardware: false,
    createdAt: null,
  }
}
