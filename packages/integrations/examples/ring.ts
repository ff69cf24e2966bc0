import { openKeyRing, type KeyRing } from '@sealwright/keyring'
import { localStore } from '@sealwright/local-store'

/** One in a vault is `https://NAME.vault.azure.net/certificates/CERT`, with `azureKeyVault()` of @sealwright/azure-keyvault. */
export function openRing(uri = 'store:./keys?name=signing'): Promise<KeyRing> {
  return openKeyRing(
    [{ uri, create: { keyType: 'ec-p256' } }],
    { tokenLifetime: 3_600 },
    { backends: [localStore()] },
  )
}
