import type { KeyVaultOptions } from '@sealwright/azure-keyvault'
import {
  canLocate,
  canRotate,
  isSealwrightError,
  keyType,
  openSigningKey,
  SealwrightError,
  type Backend,
  type SigningKey,
} from '@sealwright/core'
import { createSigner } from '@sealwright/jws'
import type { KeyRingSource } from '@sealwright/keyring'
import { localStore } from '@sealwright/local-store'
import type { SigningKeySetting } from '../settings/settings.ts'

/** Milliseconds for a signature in the vault: clients learn of a failure within three seconds. */
const vaultDeadline = 2_000

export interface OpenedKey {
  readonly key: SigningKey
  /** Whether the key is new: made by this server, or by another that started at the same time. */
  readonly isNew: boolean
  /** Where a ring finds the key and its other versions. */
  readonly source: KeyRingSource
}

/**
 * Opens the key that the settings name. If they allow it, a key that is proven absent is made. If several servers start at
 * the same time on one folder or vault, one makes the key and all use it.
 *
 * @param vault how a vault is reached. Default: with the identity that the environment has
 * @throws SealwrightError as the store says, or `INVALID_ARGUMENT` if an existing key has another type than the setting requires
 */
export async function openKey(setting: SigningKeySetting, vault: KeyVaultOptions = {}): Promise<OpenedKey> {
  const { uri, createType, password, quota } = setting
  const options = {
    backends: await backendsFor(uri, { quota: quota ?? undefined, ...vault }),
    password: () => password ?? '',
  }
  try {
    return await opened(await openSigningKey(uri, options), false)
  } catch (error) {
    if (isSealwrightError(error, 'WRONG_PASSWORD')) throw withHint(error, setting)
    // A vault says UNAVAILABLE while it makes the key for another server. What follows waits for that, and proves absence anew.
    const isAbsent = isSealwrightError(error, 'NOT_FOUND') || isSealwrightError(error, 'UNAVAILABLE')
    if (createType === null || !isAbsent) throw error
  }
  return opened(await openSigningKey(uri, { ...options, create: { keyType: createType } }), true)

  async function opened(key: SigningKey, isNew: boolean): Promise<OpenedKey> {
    const { backends } = options
    return { key: checkType(key, setting), isNew, source: await sourceOf(key, setting, backends) }
  }
}

/** A ring of one key: a file has no other versions, and the setting can name one version. */
async function sourceOf(
  key: SigningKey,
  { uri, createType, password }: SigningKeySetting,
  backends: readonly Backend[],
): Promise<KeyRingSource> {
  const backend = backends.find((each) => each.accepts(uri))
  const asked = { password: () => password ?? '' }
  const place = backend !== undefined && canLocate(backend) ? await backend.locate(uri, asked) : null
  if (place === null || place.version !== null) return { key }
  return {
    store: place.store,
    name: place.name,
    ...(createType !== null && canRotate(place.store) && { create: { keyType: createType } }),
  }
}

/** The Azure SDK is loaded only if the key is in a vault. */
async function backendsFor(uri: string, vault: KeyVaultOptions): Promise<readonly Backend[]> {
  // Signatures have threads of their own, and leave libuv's threads to files and DNS.
  const local = localStore({ createSigner })
  if (!/^https?:/i.test(uri)) return [local]
  const { azureKeyVault } = await import('@sealwright/azure-keyvault')
  return [local, azureKeyVault({ deadline: vaultDeadline, ...vault })]
}

/** Adds the setting that the wrong password comes from. */
function withHint(cause: SealwrightError, { password }: SigningKeySetting): SealwrightError {
  const hint =
    password === null
      ? 'no password is set; set SIGNING_KEY_PASSWORD or SIGNING_KEY_PASSWORD_FILE'
      : 'the password in the settings is wrong'
  return new SealwrightError(cause.code, `${cause.message}; ${hint}`, { cause })
}

function checkType(key: SigningKey, { requiredType }: SigningKeySetting): SigningKey {
  if (requiredType === null) return key
  const { defaultAlgorithm, modulusLength } = keyType(requiredType)
  const actualLength = key.publicKey.asymmetricKeyDetails?.modulusLength ?? null
  if (key.algorithms[0]?.name === defaultAlgorithm && actualLength === modulusLength) return key
  throw new SealwrightError(
    'INVALID_ARGUMENT',
    `SIGNING_KEY_TYPE is ${requiredType}, but the key in ${key.location} has another type; remove the setting, or ` +
      'name another key to create it',
  )
}
