import { join, resolve } from 'node:path'
import { algorithm, keyType, keyTypes, type KeyType, type KeyTypeName } from '@sealwright/core'
import {
  encodePath,
  fromAppService,
  fromIdentityServer,
  fromIndicium,
  type NamedKey,
} from './third-party-settings.ts'
import { readDotNetSettings, type DotNetSections } from './dotnet-settings.ts'
import { appFolder } from '../app-folder.ts'
import { variable, type Environment } from '../environment.ts'
import { invalidSetting, messageOf } from '../invalid-setting.ts'
import type { SigningKeySetting } from '../settings.ts'
import { readPasswordFile } from '../text-file.ts'

/** The name of the development key: of its file, and the common name in its certificate. */
const developmentKey = 'token-signing'

/**
 * Reads the settings that name the signing key: `SIGNING_KEY`, which is `development` (the default) or a signing URI, or a
 * setting of another product. Only one of them may be set, so that the key in use is the one the administrator sees.
 *
 * @param clientsNeedKey whether any client can get a token
 * @throws SealwrightError `INVALID_ARGUMENT`
 */
export function readSigningKeySetting(
  env: Environment,
  file: DotNetSections,
  clientsNeedKey: boolean,
): SigningKeySetting {
  const dotNet = readDotNetSettings(env, file)
  const all = [fromSigningKey(env), fromIdentityServer(dotNet), fromIndicium(dotNet), fromAppService(env)]
  const [key = { source: 'the default, SIGNING_KEY=development', uri: null }, another] = all.filter(
    (each) => each !== null,
  )
  if (another !== undefined) {
    throw invalidSetting(`${key.source} and ${another.source} both name a signing key; remove one of them`)
  }
  const name = readAlgorithm(env)
  const type = readKeyType(env, name)
  const isInVault = key.uri !== null && /^https?:/i.test(key.uri)
  if (type.isSet && key.uri !== null && !isInVault) {
    throw invalidSetting(
      `SIGNING_KEY_TYPE is only for keys that this server may create, and the key of ${key.source} must exist; remove it`,
    )
  }
  const mayCreate = readCreate(env, isInVault) ?? (isInVault ? clientsNeedKey : key.uri === null)
  const createType = mayCreate && key.mayCreate !== false ? type.name : null
  return {
    source: key.source,
    uri: key.uri ?? developmentUri(env),
    createType,
    requiredType: type.isSet ? type.name : null,
    password: readPassword(env, key),
    algorithm: name,
    quota: readQuota(env, isInVault),
    rotationDays: readRotationDays(env, createType !== null),
  }
}

function developmentUri(env: Environment): string {
  const folder = resolve(variable(env, 'DATA_DIR') ?? join(appFolder, 'data'))
  return `store:${encodePath(folder)}?name=${developmentKey}`
}

function fromSigningKey(env: Environment): NamedKey | null {
  const value = variable(env, 'SIGNING_KEY')
  if (value === undefined) return null
  return { source: 'SIGNING_KEY', uri: value.toLowerCase() === 'development' ? null : value }
}

/** `SIGNING_KEY_CREATE`: whether to create a missing key in a vault. null if it is not set. */
function readCreate(env: Environment, isInVault: boolean): boolean | null {
  const value = variable(env, 'SIGNING_KEY_CREATE')
  if (value === undefined) return null
  if (!isInVault) throw invalidSetting('SIGNING_KEY_CREATE is only for keys in a vault; remove it')
  if (value !== 'true' && value !== 'false') throw invalidSetting('SIGNING_KEY_CREATE must be true or false')
  return value === 'true'
}

/** `SIGNING_KEY_QUOTA`: this server's part of the quota of a vault. */
function readQuota(env: Environment, isInVault: boolean): number | null {
  const value = variable(env, 'SIGNING_KEY_QUOTA')
  if (value === undefined) return null
  if (!isInVault) throw invalidSetting('SIGNING_KEY_QUOTA is only for keys in a vault; remove it')
  if (!/^[1-9]\d{0,5}$/.test(value)) {
    throw invalidSetting('SIGNING_KEY_QUOTA must be a number of signatures per ten seconds, such as 2000')
  }
  return Number(value)
}

/** `SIGNING_KEY_ROTATION_DAYS`: how long a version signs. The key ring checks that there is time for the announcement. */
function readRotationDays(env: Environment, mayCreate: boolean): number | null {
  const value = variable(env, 'SIGNING_KEY_ROTATION_DAYS')
  if (value === undefined) return null
  if (!mayCreate) {
    throw invalidSetting('SIGNING_KEY_ROTATION_DAYS is only for keys that this server may create; remove it')
  }
  if (!/^[1-9]\d{0,3}$/.test(value)) {
    throw invalidSetting('SIGNING_KEY_ROTATION_DAYS must be a whole number of days, such as 90')
  }
  return Number(value)
}

function readAlgorithm(env: Environment): string | null {
  const name = variable(env, 'SIGNING_ALGORITHM')
  if (name === undefined) return null
  try {
    return algorithm(name).name
  } catch (cause) {
    throw invalidSetting(`SIGNING_ALGORITHM: ${messageOf(cause)}`, cause)
  }
}

/** The type that is set, or the first type for the algorithm that is set, or the default. */
function readKeyType(env: Environment, algorithmName: string | null): { name: KeyTypeName; isSet: boolean } {
  const wanted = algorithmName === null ? null : algorithm(algorithmName)
  const fits = (type: KeyType): boolean => {
    const own = algorithm(type.defaultAlgorithm)
    if (wanted === null) return true
    // An AKP key has one algorithm (RFC 9964).
    if (wanted.kty === 'AKP') return own.name === wanted.name
    return own.kty === wanted.kty && own.curve === wanted.curve
  }
  const name = variable(env, 'SIGNING_KEY_TYPE')
  if (name === undefined) return { name: keyTypes.find(fits)?.name ?? 'rsa-2048', isSet: false }
  try {
    const type = keyType(name)
    if (fits(type)) return { name: type.name, isSet: true }
  } catch (cause) {
    throw invalidSetting(`SIGNING_KEY_TYPE: ${messageOf(cause)}`, cause)
  }
  throw invalidSetting(`SIGNING_KEY_TYPE ${name} cannot sign with SIGNING_ALGORITHM ${algorithmName}`)
}

/** Whether the key is in a vault, or in a store of .NET or App Service, whose files have no password. */
function hasNoPassword(uri: string): boolean {
  return /^(?:store:(?:my|appservice)(?:\?|$)|https?:)/i.test(uri)
}

function readPassword(env: Environment, key: NamedKey): string | null {
  const path = variable(env, 'SIGNING_KEY_PASSWORD_FILE')
  const password = variable(env, 'SIGNING_KEY_PASSWORD')
  const [source, another] = [
    key.password?.source,
    password === undefined ? undefined : 'SIGNING_KEY_PASSWORD',
    path === undefined ? undefined : 'SIGNING_KEY_PASSWORD_FILE',
  ].filter((each) => each !== undefined)
  if (another !== undefined) throw invalidSetting(`${source} and ${another} are both set; remove one of them`)
  if (source !== undefined && key.uri !== null && hasNoPassword(key.uri)) {
    throw invalidSetting(`${source} is set, but the key of ${key.source} has no password; remove ${source}`)
  }
  if (path === undefined) return key.password?.value ?? password ?? null
  return readPasswordFile(path, 'SIGNING_KEY_PASSWORD_FILE')
}
