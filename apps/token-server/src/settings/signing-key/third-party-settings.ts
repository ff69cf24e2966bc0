import { variable, type Environment } from '../environment.ts'
import type { DotNetSettings } from './dotnet-settings.ts'
import { invalidSetting } from '../invalid-setting.ts'

/** A signing key as one setting names it. */
export interface NamedKey {
  /** The setting, for messages. */
  readonly source: string
  /** A signing URI; null for the development key. */
  readonly uri: string | null
  /** The password, where the setting comes with one. */
  readonly password?: { readonly source: string; readonly value: string } | undefined
  /** false where the development key must exist already. */
  readonly mayCreate?: boolean | undefined
}

/** What `IdentityServer:Key` can hold, in lower case. `Thumbprint` is an addition of ours. */
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
 */
export function fromIdentityServer(settings: DotNetSettings): NamedKey | null {
  const found = new Map<(typeof keyProperties)[number], { source: string; value: string }>()
  for (const [name, setting] of settings) {
    if (!name.startsWith('identityserver:')) continue
    const property = keyProperties.find((each) => name === `identityserver:key:${each}`)
    if (property === undefined) throw invalidSetting(`${setting.source}: there is no such setting here`)
    found.set(property, setting)
  }
  if (found.size === 0) return null

  const type = found.get('type')
  if (type === undefined) {
    const [other] = found.values()
    throw invalidSetting(`${other?.source} is set and IdentityServer:Key:Type, which it belongs to, is not`)
  }
  switch (type.value.toLowerCase()) {
    case 'development':
      refuseOthers(found, type.value, ['persisted'])
      return { source: type.source, uri: null, mayCreate: readPersisted(found) }
    case 'file':
      // The flags say how Windows keeps the key once imported. Nothing is imported here.
      refuseOthers(found, type.value, ['filepath', 'password', 'storageflags'])
      return { source: type.source, uri: fileUri(type.source, found), password: found.get('password') }
    case 'store':
      refuseOthers(found, type.value, ['name', 'thumbprint', 'storename', 'storelocation'])
      return { source: type.source, uri: storeUri(type.source, found) }
    default:
      throw invalidSetting(
        `${type.source} is ${JSON.stringify(type.value)}; it takes Development, File or Store`,
      )
  }
}

/** Indicium's name for the vault certificate's URL. */
export function fromIndicium(settings: DotNetSettings): NamedKey | null {
  const url = settings.get('openidserversigningsettings:azurekeyvault:keyvaultcertificateurl')
  if (url === undefined) return null
  if (!/^https:\/\//i.test(url.value)) {
    throw invalidSetting(`${url.source} must be a URL such as https://NAME.vault.azure.net/certificates/CERT`)
  }
  return { source: url.source, uri: url.value }
}

/** The app setting that goes with `WEBSITE_LOAD_CERTIFICATES`, which the store itself honours. */
export function fromAppService(env: Environment): NamedKey | null {
  const source = 'APP_SigningCertificateThumbprint'
  const thumbprint = variable(env, source)
  return thumbprint === undefined
    ? null
    : { source, uri: `store:my?thumbprint=${encodeURIComponent(thumbprint)}` }
}

function refuseOthers(found: Properties, type: string, allowed: readonly string[]): void {
  for (const [property, { source }] of found) {
    if (property !== 'type' && !allowed.includes(property)) {
      throw invalidSetting(`${source} does not go with IdentityServer:Key:Type ${type}`)
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
    throw invalidSetting(`${source} is File, so IdentityServer:Key:FilePath must be set`)
  return `file:${encodePath(path.value)}`
}

function storeUri(source: string, found: Properties): string {
  const storeName = found.get('storename')
  if (storeName !== undefined && storeName.value.toLowerCase() !== 'my') {
    throw invalidSetting(`${storeName.source} must be My, the store of certificates that have private keys`)
  }
  const location = found.get('storelocation')
  if (location !== undefined && location.value.toLowerCase() !== 'currentuser') {
    throw invalidSetting(
      `${location.source} must be CurrentUser; only Windows has private keys in LocalMachine`,
    )
  }
  const subject = found.get('name')
  const thumbprint = found.get('thumbprint')
  if (subject !== undefined && thumbprint !== undefined) {
    throw invalidSetting(`both ${subject.source} and ${thumbprint.source} are set; leave one of them out`)
  }
  if (subject !== undefined) return `store:my?subject=${encodeURIComponent(subject.value)}`
  if (thumbprint !== undefined) return `store:my?thumbprint=${encodeURIComponent(thumbprint.value)}`
  throw invalidSetting(
    `${source} is Store, so IdentityServer:Key:Name, the certificate's subject, or IdentityServer:Key:Thumbprint must be set`,
  )
}

/** A path as a signing URI has it. */
export function encodePath(path: string): string {
  return encodeURI(path).replaceAll('?', '%3F').replaceAll('#', '%23')
}
