import { emptyVariable, type Environment } from '../environment/environment.ts'
import { invalidSetting } from '../invalid-setting.ts'
import type { DotNetSettings } from './dotnet-settings.ts'

/** The signing key that a setting names. */
export interface NamedKey {
  /** The setting, for messages. */
  readonly source: string
  /** A signing URI; null for the development key. */
  readonly uri: string | null
  /** The password, if the setting includes one. */
  readonly password?: { readonly source: string; readonly value: string } | undefined
  /** false if the development key must exist. */
  readonly mayCreate?: boolean | undefined
}

/** The members of `IdentityServer:Key`, in lower case. `Thumbprint` is our addition. */
const keyProperties = [
  'type',
  'filepath',
  'password',
  'name',
  'thumbprint',
  'storename',
  'storelocation',
  'persisted',
  'storageflags',
] as const

type Properties = ReadonlyMap<
  (typeof keyProperties)[number],
  { readonly source: string; readonly value: string }
>

/**
 * `IdentityServer:Key` as ASP.NET Core's API authorization reads it (Microsoft.AspNetCore.ApiAuthorization
 * .IdentityServer): Type Development (Persisted), File (FilePath, Password) or Store (Name, StoreName, StoreLocation).
 *
 * @throws SealwrightError `INVALID_ARGUMENT` for the first of its settings that is not valid
 */
export function fromIdentityServer(settings: DotNetSettings): NamedKey | null {
  const found = new Map<(typeof keyProperties)[number], { source: string; value: string }>()
  for (const [name, setting] of settings) {
    if (!name.startsWith('identityserver:')) continue
    const property = keyProperties.find((each) => name === `identityserver:key:${each}`)
    if (property === undefined) throw invalidSetting(`${setting.source}: there is no such setting`)
    found.set(property, setting)
  }
  if (found.size === 0) return null

  const type = found.get('type')
  if (type === undefined) {
    const [other] = found.values()
    throw invalidSetting(`${other?.source} requires IdentityServer:Key:Type`)
  }
  switch (type.value.toLowerCase()) {
    case 'development':
      refuseOthers(found, type.value, ['persisted'])
      return { source: type.source, uri: null, mayCreate: readPersisted(found) }
    case 'file':
      // The flags say how Windows keeps an imported key. Nothing is imported here.
      refuseOthers(found, type.value, ['filepath', 'password', 'storageflags'])
      return { source: type.source, uri: fileUri(type.source, found), password: found.get('password') }
    case 'store':
      refuseOthers(found, type.value, ['name', 'thumbprint', 'storename', 'storelocation'])
      return { source: type.source, uri: storeUri(type.source, found) }
    default:
      throw invalidSetting(`${type.source} must be Development, File or Store`)
  }
}

/** Indicium's setting for the URL of a certificate in a vault. */
export function fromIndicium(settings: DotNetSettings): NamedKey | null {
  const url = settings.get('openidserversigningsettings:azurekeyvault:keyvaultcertificateurl')
  if (url === undefined) return null
  if (!/^https:\/\//i.test(url.value)) {
    throw invalidSetting(`${url.source} must be a URL such as https://NAME.vault.azure.net/certificates/CERT`)
  }
  return { source: url.source, uri: url.value }
}

/** The app setting that belongs to `WEBSITE_LOAD_CERTIFICATES`, which the store itself reads. */
export function fromAppService(env: Environment): NamedKey | null {
  const source = 'APP_SigningCertificateThumbprint'
  const thumbprint = env[source]
  if (thumbprint === '') throw invalidSetting(emptyVariable(source))
  return thumbprint === undefined
    ? null
    : { source, uri: `store:my?thumbprint=${encodeURIComponent(thumbprint)}` }
}

function refuseOthers(found: Properties, type: string, allowed: readonly string[]): void {
  for (const [property, { source }] of found) {
    if (property !== 'type' && !allowed.includes(property)) {
      throw invalidSetting(`${source} is not allowed with IdentityServer:Key:Type ${type}`)
    }
  }
}

function readPersisted(found: Properties): boolean {
  const persisted = found.get('persisted')
  if (persisted === undefined) return true
  if (!/^(?:true|false)$/i.test(persisted.value))
    throw invalidSetting(`${persisted.source} must be true or false`)
  return persisted.value.toLowerCase() === 'true'
}

function fileUri(source: string, found: Properties): string {
  const path = found.get('filepath')
  if (path === undefined)
    throw invalidSetting(`${source} is File, which requires IdentityServer:Key:FilePath`)
  return `file:${encodePath(path.value)}`
}

function storeUri(source: string, found: Properties): string {
  const storeName = found.get('storename')
  if (storeName !== undefined && storeName.value.toLowerCase() !== 'my') {
    throw invalidSetting(`${storeName.source} must be My, the store of certificates with private keys`)
  }
  const location = found.get('storelocation')
  if (location !== undefined && location.value.toLowerCase() !== 'currentuser') {
    throw invalidSetting(
      `${location.source} must be CurrentUser; only Windows keeps private keys in LocalMachine`,
    )
  }
  const subject = found.get('name')
  const thumbprint = found.get('thumbprint')
  if (subject !== undefined && thumbprint !== undefined) {
    throw invalidSetting(`${subject.source} and ${thumbprint.source} are both set; remove one of them`)
  }
  if (subject !== undefined) return `store:my?subject=${encodeURIComponent(subject.value)}`
  if (thumbprint !== undefined) return `store:my?thumbprint=${encodeURIComponent(thumbprint.value)}`
  throw invalidSetting(
    `${source} is Store, which requires IdentityServer:Key:Name (the subject of the certificate) or IdentityServer:Key:Thumbprint`,
  )
}

/** A path, encoded for a signing URI. */
export function encodePath(path: string): string {
  return encodeURI(path).replaceAll('?', '%3F').replaceAll('#', '%23')
}
