import { isSealwrightError, type GetKeyOptions, type KeyStore, type SigningKey } from '@sealwright/core'
import { aSigningKey, hasMethod, must } from '@sealwright/core/internal'
import {
  verifyKeyAttestation,
  type AttestedKey,
  type KeyAttestation,
  type VerifyKeyAttestationOptions,
} from './verify-key-attestation.ts'

interface KeyAttester extends KeyStore {
  getKeyAttestation(name: string, options?: GetKeyOptions): Promise<KeyAttestation>
}

const aKeyStore = must('a KeyStore', (value) => hasMethod(value, 'get'))

/**
 * Requests an attestation from the store of a key and verifies it with the key's public key. Sends one network request; the
 * verification is offline.
 *
 * @param store the store of the key, as returned by `openKeyVault` or the backend's `locate`
 * @param key a key in that store; this version of it is attested
 * @returns null when the store is not a managed HSM: no other store attests keys
 * @throws SealwrightError as {@link verifyKeyAttestation}; as {@link KeyStore.get} when the managed HSM does not answer
 *
 * @example
 * ```ts
 * import { attestedKeyOf, openKeyVault } from '@sealwright/azure-keyvault'
 *
 * const hsm = openKeyVault('https://contoso.managedhsm.azure.net')
 * const key = await hsm.getOrCreate('my-app-auth', { keyType: 'rsa-3072' })
 * const attested = await attestedKeyOf(hsm, key)
 * console.log(attested?.madeInHardware, attested?.neverExtractable)
 * ```
 */
export async function attestedKeyOf(
  store: KeyStore,
  key: SigningKey,
  options: VerifyKeyAttestationOptions = {},
): Promise<AttestedKey | null> {
  aKeyStore('store', store)
  aSigningKey('key', key)
  if (!attestsKeys(store)) return null
  const { name, version } = key
  let attestation: KeyAttestation
  try {
    attestation = await store.getKeyAttestation(name, { version })
  } catch (error) {
    if (isSealwrightError(error, 'UNSUPPORTED_OPERATION')) return null
    throw error
  }
  return verifyKeyAttestation(attestation, key.publicKey, options)
}

function attestsKeys(store: KeyStore): store is KeyAttester {
  return hasMethod(store, 'getKeyAttestation')
}
