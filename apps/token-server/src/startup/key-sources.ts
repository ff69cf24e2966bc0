import type { KeyVaultOptions, KeyVaultStatus } from '@sealwright/azure-keyvault'
import { canLocate, isSealwrightError, openSigningKey, type Backend, type SigningKey } from '@sealwright/core'
import { createSigner } from '@sealwright/jws'
import type { KeyRingSource } from '@sealwright/keyring'
import { localStore } from '@sealwright/local-store'
import { shareOfQuota, signingThreads } from './shares.ts'
import type { AdditionalKeySetting, KeySetting, Settings } from '../settings/settings.ts'

/** Milliseconds for a signature in the vault: clients learn of a failure within three seconds. */
const vaultDeadline = 2_000

/** A place of keys that the settings name. Nothing has been read from it unless it names one key. */
interface KeyPlace {
  readonly source: KeyRingSource
  /** Opens one key, without permission to list, and makes it when the settings allow it. */
  openOne(): Promise<{ readonly source: KeyRingSource; readonly isNew: boolean }>
}

/** The places of all keys. */
export interface KeyPlaces {
  readonly places: readonly KeyPlace[]
  /** What was asked of each vault. */
  readonly vaults: () => readonly KeyVaultStatus[]
}

/**
 * Where the ring finds the keys of the settings. A certificate in a vault and a key in a folder stand for all of their
 * versions. A file, a thumbprint and a URI with a version name one key, which is opened here.
 *
 * @param vault how a vault is reached. Default: with the identity that the environment has
 * @throws SealwrightError as the backend of the URI
 */
export async function keyPlaces(settings: Settings, vault: KeyVaultOptions): Promise<KeyPlaces> {
  const { signingKey, additionalSigningKeys, workers } = settings
  const keys = [{ ...signingKey, signs: true, createdAt: null }, ...additionalSigningKeys]
  const { backends, vaults } = await backendsFor(keys, workers, {
    quota: shareOfQuota(signingKey.quota, workers),
    ...vault,
  })
  return { places: await Promise.all(keys.map((key) => placeOf(key, backends))), vaults }
}

async function placeOf(key: AdditionalKeySetting, backends: readonly Backend[]): Promise<KeyPlace> {
  const { uri, createType, signs, createdAt } = key
  const password = (): string => key.password ?? ''
  const options = { signs, createdAt: createdAt ?? undefined }
  const backend = backends.find((each) => each.accepts(uri))
  const place = backend !== undefined && canLocate(backend) ? await backend.locate(uri, { password }) : null
  const openOne = async (): Promise<{ source: KeyRingSource; isNew: boolean }> => {
    const opened = await openOrCreate(key, { backends, password })
    return { source: { ...options, key: opened.key }, isNew: opened.isNew }
  }
  if (place === null || place.version !== null) return { source: (await openOne()).source, openOne }
  const create = createType === null ? undefined : { keyType: createType }
  return { source: { ...options, store: place.store, name: place.name, create }, openOne }
}

async function openOrCreate(
  { uri, createType }: KeySetting,
  options: { readonly backends: readonly Backend[]; readonly password: () => string },
): Promise<{ key: SigningKey; isNew: boolean }> {
  try {
    return { key: await openSigningKey(uri, options), isNew: false }
  } catch (error) {
    if (createType === null || !isSealwrightError(error, 'NOT_FOUND')) throw error
  }
  return { key: await openSigningKey(uri, { ...options, create: { keyType: createType } }), isNew: true }
}

/** The Azure SDK is loaded only if a key is in a vault. All keys of one vault share its connections and its quota. */
async function backendsFor(
  keys: readonly KeySetting[],
  workers: number,
  vault: KeyVaultOptions,
): Promise<{ readonly backends: readonly Backend[]; readonly vaults: KeyPlaces['vaults'] }> {
  // Signatures have threads of their own, and leave libuv's threads to files and DNS.
  const local = localStore({
    createSigner: (key, options) => createSigner(key, { ...options, threads: signingThreads(workers) }),
  })
  if (!keys.some(({ uri }) => /^https?:/i.test(uri))) return { backends: [local], vaults: () => [] }
  const { azureKeyVault } = await import('@sealwright/azure-keyvault')
  const vaults = azureKeyVault({ deadline: vaultDeadline, ...vault })
  return { backends: [local, vaults], vaults: () => vaults.status() }
}
