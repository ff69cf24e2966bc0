import type { KeyVaultOptions } from '@sealwright/azure-keyvault'
import type { Backend } from '@sealwright/core'
import { localStore } from '@sealwright/local-store'

/** How a command reaches keys. */
export interface KeyAccess {
  /** Default: with the identity that the environment has. */
  readonly vault?: KeyVaultOptions | undefined
}

/** What opens the signing URIs. The Azure SDK is loaded only for a key in a vault. */
export async function backendsFor(
  uris: readonly string[],
  { vault }: KeyAccess,
): Promise<readonly Backend[]> {
  if (!uris.some((uri) => /^https?:/i.test(uri))) return [localStore()]
  const { azureKeyVault } = await import('@sealwright/azure-keyvault')
  return [localStore(), azureKeyVault(vault)]
}
