import {
  SealwrightError,
  type Backend,
  type KeyLocator,
  type KeyPlace,
  type OpenKeyOptions,
  type SigningKey,
} from '@sealwright/core'
import { anAbortSignal, aPassword, eitherSignal, oneOf, optionsOf } from '@sealwright/core/internal'
import { keyVaultMembers, type KeyVaultOptions } from './options.ts'
import type { KeyVaultStatus } from './requests/vault-status.ts'
import type { KeyVaultStore } from './store/key-vault-store-types.ts'
import { createVaultKeyOptions, VaultStore } from './store/key-vault-store.ts'
import { CertificateCollection } from './vault/certificate-collection.ts'
import { VaultConnection } from './vault/connection.ts'
import { KeyCollection } from './vault/key-collection.ts'
import { isKeyVaultUri, parseKeyVaultUri, parseVaultUrl, uriForms } from './vault-uri.ts'

/** How {@link openKeyVault} opens a vault. */
export interface OpenKeyVaultOptions extends KeyVaultOptions {
  /** Whether the keys come with certificates. Default `certificates`; `keys` in a managed HSM, which has no certificates. */
  readonly collection?: 'certificates' | 'keys' | undefined
}

/** What {@link azureKeyVault} returns. */
export interface KeyVaultBackend extends Backend, KeyLocator {
  /** Quota, queue, circuit breaker and counts of each opened vault, for metrics. Sends no requests. */
  status(): readonly KeyVaultStatus[]
}

/**
 * Opens a vault or managed HSM as a key store. Sends no requests yet.
 *
 * @param vaultUrl such as `https://my-vault.vault.azure.net`
 * @throws SealwrightError `INVALID_ARGUMENT` for any other URL, an option out of range, certificates in a managed HSM
 *
 * @example
 * ```ts
 * import { openKeyVault } from '@sealwright/azure-keyvault'
 *
 * const vault = openKeyVault('https://contoso.vault.azure.net')
 * const key = await vault.getOrCreate('my-app-auth', { keyType: 'ec-p256' })
 * for (const { version, notAfter } of await vault.list({ name: 'my-app-auth' })) console.log(version, notAfter)
 * ```
 */
export function openKeyVault(vaultUrl: string, options: OpenKeyVaultOptions = {}): KeyVaultStore {
  const vault = parseVaultUrl(vaultUrl)
  openKeyVaultOptions('options', options)
  const collection = options.collection ?? (vault.managedHsm ? 'keys' : 'certificates')
  if (vault.managedHsm && collection === 'certificates') {
    throw new SealwrightError('INVALID_ARGUMENT', `${vault.vaultUrl} is a managed HSM, which has only keys`)
  }
  return openStore(new VaultConnection(vault.vaultUrl, options), collection, vault.managedHsm)
}

/**
 * The backend for `openSigningKey` whose URIs are `https://NAME.vault.azure.net/certificates/CERTIFICATE[/VERSION]` and
 * `…/keys/KEY[/VERSION]`, in every cloud, and of managed HSMs. All keys of one vault share its connections, its token
 * and its quota. `create` creates a missing key: with a certificate, or as a bare key under `/keys/`.
 *
 * @throws SealwrightError `INVALID_ARGUMENT` for an unknown option, or one out of range
 *
 * @example
 * ```ts
 * import { azureKeyVault } from '@sealwright/azure-keyvault'
 * import { openSigningKey } from '@sealwright/core'
 *
 * const key = await openSigningKey('https://contoso.vault.azure.net/certificates/my-app-auth', {
 *   backends: [azureKeyVault()],
 *   create: { keyType: 'ec-p256' },
 * })
 * const signature = await key.signer().sign(new TextEncoder().encode('header.payload'))
 * ```
 */
export function azureKeyVault(options: KeyVaultOptions = {}): KeyVaultBackend {
  keyVaultOptions('options', options)
  const connections = new Map<string, VaultConnection>()
  const stores = new Map<string, KeyVaultStore>()

  function storeOf(vaultUrl: string, collection: 'certificates' | 'keys'): KeyVaultStore {
    const key = `${vaultUrl}/${collection}`
    let store = stores.get(key)
    if (store === undefined) {
      const connection = connections.get(vaultUrl) ?? new VaultConnection(vaultUrl, options)
      connections.set(vaultUrl, connection)
      store = openStore(connection, collection, parseVaultUrl(vaultUrl).managedHsm)
      stores.set(key, store)
    }
    return store
  }

  return {
    name: 'Azure Key Vault',
    forms: uriForms,
    accepts: isKeyVaultUri,
    async open(uri: string, openOptions: OpenKeyOptions): Promise<SigningKey> {
      const { vaultUrl, collection, name, version } = parseKeyVaultUri(uri)
      openKeyOptions('options', openOptions)
      const { create, signal } = openOptions
      const store = storeOf(vaultUrl, collection)
      if (create !== undefined && version === null) {
        return store.getOrCreate(name, { ...create, signal: eitherSignal(signal, create.signal) })
      }
      const key = await store.get(name, { ...(version !== null && { version }), signal })
      if (key !== null) return key
      throw new SealwrightError(
        'NOT_FOUND',
        `there is no ${name}${version === null ? '' : `/${version}`} in ${store.location}`,
      )
    },
    async locate(uri: string): Promise<KeyPlace> {
      const { vaultUrl, collection, name, version } = parseKeyVaultUri(uri)
      return { store: storeOf(vaultUrl, collection), name, version }
    },
    status: () => [...connections.values()].map((connection) => connection.status()),
  }
}

const keyVaultOptions = optionsOf(keyVaultMembers)
const openKeyOptions = optionsOf({
  create: createVaultKeyOptions,
  password: aPassword,
  signal: anAbortSignal,
})
const openKeyVaultOptions = optionsOf({ ...keyVaultMembers, collection: oneOf(['certificates', 'keys']) })

function openStore(
  connection: VaultConnection,
  collection: 'certificates' | 'keys',
  managedHsm: boolean,
): KeyVaultStore {
  const objects =
    collection === 'keys' ? new KeyCollection(connection) : new CertificateCollection(connection)
  return new VaultStore(connection, objects, managedHsm)
}
