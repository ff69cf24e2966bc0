import { join, resolve } from 'node:path'
import { algorithm, keyType, keyTypes, type KeyType, type KeyTypeName } from '@sealwright/core'
import { appFolder } from '../app-folder.ts'
import type { Configuration } from '../environment/configuration.ts'
import type { Environment } from '../environment/environment.ts'
import type { SettingsFile } from '../file/settings-file.ts'
import { readPasswordFile } from '../file/text-file.ts'
import type { Problems } from '../problems.ts'
import type { SigningKeySection } from '../schema/keys/signing-key.ts'
import type { SigningKeySetting } from '../settings.ts'
import { readDotNetSettings } from './dotnet-settings.ts'
import {
  encodePath,
  fromAppService,
  fromIdentityServer,
  fromIndicium,
  type NamedKey,
} from './third-party-settings.ts'

/** The name of the development key: of its file, and the common name in its certificate. */
const developmentKey = 'token-signing'

interface Context {
  readonly env: Environment
  readonly file: SettingsFile
  readonly configuration: Configuration
  readonly problems: Problems
  /** Where the development key is kept; null for the folder of the app. */
  readonly dataDir: string | null
  /** Whether any client can get a token. */
  readonly clientsNeedKey: boolean
}

/**
 * Completes the signing key: `uri`, which is `development` (the default) or a signing URI, or a setting of another product. Only
 * one of them may be set, so that the key in use is the one the administrator sees.
 *
 * @returns null if there are problems
 */
export function readSigningKeySetting(
  section: SigningKeySection,
  context: Context,
): SigningKeySetting | null {
  const { problems, dataDir, clientsNeedKey } = context
  const key = nameKey(section, context)
  if (key === null) return null
  const before = problems.count
  const nameOf = (member: keyof SigningKeySection): string => nameOfMember(context, member)
  const isInVault = key.uri !== null && /^https?:/i.test(key.uri)
  const type = chooseKeyType(section)

  if (type === null) {
    problems.add(
      `${nameOf('type')} ${section.type} cannot sign with ${nameOf('algorithm')} ${section.algorithm}`,
    )
  }
  if (section.type !== null && key.uri !== null && !isInVault) {
    problems.add(
      `${nameOf('type')} is only for keys that this server may create, and the key of ${key.source} must exist; remove it`,
    )
  }
  for (const member of ['create', 'quota'] as const) {
    if (section[member] !== null && !isInVault)
      problems.add(`${nameOf(member)} is only for keys in a vault; remove it`)
  }
  const mayCreate =
    key.mayCreate !== false && (section.create ?? (isInVault ? clientsNeedKey : key.uri === null))
  if (section.rotationDays !== null && !mayCreate) {
    problems.add(`${nameOf('rotationDays')} is only for keys that this server may create; remove it`)
  }
  const password = readPassword(section, key, context)
  if (problems.count > before) return null
  const { algorithm: name, quota, rotationDays } = section
  const uri = key.uri ?? developmentUri(dataDir)
  const { source } = key
  return {
    source,
    uri,
    createType: mayCreate ? type : null,
    requiredType: section.type,
    password,
    algorithm: name,
    quota,
    rotationDays,
  }
}

/** The one setting that names a key; null if there are several or it is not valid. */
function nameKey({ uri }: SigningKeySection, context: Context): NamedKey | null {
  const { env, file, problems } = context
  const before = problems.count
  const dotNet = readDotNetSettings(env, file, problems)
  const named = [
    uri === null
      ? null
      : { source: nameOfMember(context, 'uri'), uri: uri.toLowerCase() === 'development' ? null : uri },
    problems.attempt(() => fromIdentityServer(dotNet)),
    problems.attempt(() => fromIndicium(dotNet)),
    problems.attempt(() => fromAppService(env)),
  ].filter((each) => each !== null)
  const [key = { source: 'the default, SIGNING_KEY=development', uri: null }, another] = named
  if (another !== undefined) {
    problems.add(`${key.source} and ${another.source} both name a signing key; remove one of them`)
  }
  return problems.count > before ? null : key
}

function nameOfMember({ configuration }: Context, member: keyof SigningKeySection): string {
  return configuration.nameOf(['signingKey', member])
}

function developmentUri(dataDir: string | null): string {
  return `store:${encodePath(resolve(dataDir ?? join(appFolder, 'data')))}?name=${developmentKey}`
}

/** The type that is set, or the first type for the algorithm that is set, or the default. null if the two do not fit. */
function chooseKeyType({ type, algorithm: name }: SigningKeySection): KeyTypeName | null {
  const wanted = name === null ? null : algorithm(name)
  const fits = ({ defaultAlgorithm }: KeyType): boolean => {
    const own = algorithm(defaultAlgorithm)
    if (wanted === null) return true
    // An AKP key has one algorithm (RFC 9964).
    if (wanted.kty === 'AKP') return own.name === wanted.name
    return own.kty === wanted.kty && own.curve === wanted.curve
  }
  if (type === null) return keyTypes.find(fits)?.name ?? 'rsa-2048'
  return fits(keyType(type)) ? type : null
}

/** Whether the key is in a vault, or in a store of .NET or App Service, whose files have no password. */
function hasNoPassword(uri: string): boolean {
  return /^(?:store:(?:my|appservice)(?:\?|$)|https?:)/i.test(uri)
}

function readPassword(section: SigningKeySection, key: NamedKey, context: Context): string | null {
  const { problems } = context
  const { password, passwordFile } = section
  const fileSetting = nameOfMember(context, 'passwordFile')
  const [source, another] = [
    key.password?.source,
    password === null ? undefined : nameOfMember(context, 'password'),
    passwordFile === null ? undefined : fileSetting,
  ].filter((each) => each !== undefined)
  if (another !== undefined) problems.add(`${source} and ${another} are both set; remove one of them`)
  if (source !== undefined && key.uri !== null && hasNoPassword(key.uri)) {
    problems.add(`${source} is set, but the key of ${key.source} has no password; remove ${source}`)
  }
  if (passwordFile === null) return key.password?.value ?? password
  return problems.attempt(() => readPasswordFile(passwordFile, fileSetting))
}
