import type { KeyVaultOptions } from '@sealwright/azure-keyvault'
import { isSealwrightError, SealwrightError, type KeyTypeName, type SigningKey } from '@sealwright/core'
import type { KeySetting, Settings } from '../settings/settings.ts'
import { keyPlaces } from '../startup/key-sources.ts'

/** A key of the settings, as it is stored now. */
export interface CheckedKey {
  readonly setting: KeySetting
  /** Its versions, newest first. Empty if it is proven absent. */
  readonly versions: readonly SigningKey[]
  /** The type of the key that the server will create; null if there is one. */
  readonly willCreate: KeyTypeName | null
}

/** The same settings for a server that may not create keys. */
export function withoutCreation(settings: Settings): Settings {
  return {
    ...settings,
    signingKey: { ...settings.signingKey, createType: null },
    additionalSigningKeys: settings.additionalSigningKeys.map((key) => ({ ...key, createType: null })),
  }
}

/**
 * Reads the versions of a key, and creates none.
 *
 * @param setting the signing key or an additional key
 * @throws SealwrightError as its store; `NOT_FOUND` if it is proven absent and the server may not create it
 */
export async function checkKey(
  settings: Settings,
  setting: KeySetting,
  vault: KeyVaultOptions,
): Promise<CheckedKey> {
  const signingKey = { ...settings.signingKey, ...setting, createType: null }
  const versions = await readVersions({ ...settings, signingKey, additionalSigningKeys: [] }, vault)
  if (versions.length === 0 && setting.createType === null) {
    throw new SealwrightError(
      'NOT_FOUND',
      'there is no such key, and the settings do not let this server create it',
    )
  }
  return { setting, versions, willCreate: versions.length === 0 ? setting.createType : null }
}

async function readVersions(settings: Settings, vault: KeyVaultOptions): Promise<readonly SigningKey[]> {
  const {
    places: [place],
  } = await keyPlaces(settings, vault)
  if (place === undefined) return []
  const { source } = place
  if ('key' in source) return [source.key]
  if (!('store' in source)) return []
  try {
    return await source.store.list({ name: source.name })
  } catch (error) {
    if (!isSealwrightError(error, 'ACCESS_DENIED')) throw error
    // An identity that may read one version and not list them all is enough for a server without rotation.
    const { source: one } = await place.openOne()
    return 'key' in one ? [one.key] : []
  }
}
