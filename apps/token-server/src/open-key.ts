import {
  isSealwrightError,
  keyType,
  openSigningKey,
  SealwrightError,
  type SigningKey,
} from '@sealwright/core'
import { localStore } from '@sealwright/local-store'
import type { SigningKeySetting } from './settings/signing-key-setting.ts'

/**
 * Opens the key that the settings name. Only a development key is made when there is none; of several servers that start
 * at the same instant on one folder one makes it, and all use it.
 *
 * @throws SealwrightError as the local store says, or `INVALID_ARGUMENT` when an existing development key is not of the
 *   type that is set
 */
export async function openKey(setting: SigningKeySetting): Promise<SigningKey> {
  const { uri, createType, password } = setting
  try {
    const key = await openSigningKey(uri, {
      backends: [localStore()],
      password: () => password ?? '',
      create: createType === null ? undefined : { keyType: createType },
    })
    checkType(key, setting)
    return key
  } catch (error) {
    throw isSealwrightError(error, 'WRONG_PASSWORD') ? withHint(error, setting) : error
  }
}

/** Says which setting a password that does not fit comes from. */
function withHint(cause: SealwrightError, { password }: SigningKeySetting): SealwrightError {
  const hint =
    password === null
      ? 'no password is set: SIGNING_KEY_PASSWORD or SIGNING_KEY_PASSWORD_FILE'
      : 'the password that is set does not open it'
  return new SealwrightError(cause.code, `${cause.message}; ${hint}`, { cause })
}

function checkType(key: SigningKey, { requiredType }: SigningKeySetting): void {
  if (requiredType === null) return
  const { defaultAlgorithm, modulusLength } = keyType(requiredType)
  const actualLength = key.publicKey.asymmetricKeyDetails?.modulusLength ?? null
  if (key.algorithms[0]?.name === defaultAlgorithm && actualLength === modulusLength) return
  throw new SealwrightError(
    'INVALID_ARGUMENT',
    `SIGNING_KEY_TYPE is ${requiredType} and the key in ${key.location} is of another type; leave the setting out, ` +
      'or move the file away to have a new key made',
  )
}
