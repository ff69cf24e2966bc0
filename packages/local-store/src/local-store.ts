import { resolve } from 'node:path'
import {
  isSealwrightError,
  SealwrightError,
  type Backend,
  type KeyLocator,
  type OpenKeyOptions,
} from '@sealwright/core'
import { resolvePassword } from '@sealwright/core/internal'
import { ownerOnly } from './files/access-rule.ts'
import { findKey, noKeyNamed } from './find/find-key.ts'
import { folderLayout, nameOfFile } from './layouts/folder-layout.ts'
import type { Layout } from './layouts/layout.ts'
import { versionedStore } from './keys/certificate-store.ts'
import { localSigningKey, type LocalSigningKey, type SignerOptions } from './keys/local-signing-key.ts'
import { readCertificateFile } from './files/pkcs12-file.ts'
import { isLocalUri, readLocalUri, type LocalUri } from './find/signing-uri.ts'
import {
  appServiceLayoutOf,
  dotNetLayoutOf,
  isAppServiceSet,
  type AppServiceStoreOptions,
  type DotNetStoreOptions,
} from './stores.ts'

export interface LocalStoreOptions extends SignerOptions {
  /** What relative paths are relative to. Default the working folder of the process when a key is opened. */
  readonly baseFolder?: string | undefined
  /** Where `store:my` finds .NET's folder. */
  readonly dotNet?: DotNetStoreOptions | undefined
  /** Where `store:appservice` and `store:my` find App Service's folder. */
  readonly appService?: AppServiceStoreOptions | undefined
}

/**
 * The backend for keys on this machine.
 *
 * | URI | opens |
 * | --- | --- |
 * | `file:./my-app-auth.pfx`, `file:/keys/a.pfx`, `file:///keys/a.pfx` | one PFX file |
 * | `store:my?thumbprint=…` | .NET's folder, and App Service's where `WEBSITE_LOAD_CERTIFICATES` is set |
 * | `store:appservice?thumbprint=…` | App Service's folder |
 * | `store:./keys?name=…` | a folder in Sealwright's layout |
 *
 * Every `store:` takes exactly one of `thumbprint`, `subject` and `name`; the name is the friendly name, and in
 * Sealwright's layout the file's. `options.password` opens a file or a folder of Sealwright's; the others have none.
 *
 * `options.create` creates what is proven absent by `store:FOLDER?name=…`, and is refused with every other form: a file and
 * a thumbprint name what exists, and the layouts of .NET and App Service cannot keep two creators apart.
 */
export function localStore(options: LocalStoreOptions = {}): Backend & KeyLocator {
  return {
    name: 'local store',
    forms: ['file:PATH', 'store:my?thumbprint=…', 'store:appservice?thumbprint=…', 'store:FOLDER?name=…'],
    accepts: isLocalUri,
    async open(uri, openOptions) {
      openOptions.signal?.throwIfAborted()
      const local = readLocalUri(uri, resolve(options.baseFolder ?? ''))
      if (local.kind === 'file') {
        if (openOptions.create !== undefined) throw cannotCreate('file:PATH names a file that exists')
        return openPkcs12File(local.path, await passwordOf(openOptions), options)
      }
      const platform = platformLayouts(local.store, options)
      if (platform === null) return openInFolder(local, await passwordOf(openOptions), openOptions, options)
      if (openOptions.create !== undefined) {
        throw cannotCreate(`store:${local.store} cannot keep two creators of one name apart`)
      }
      return find(platform, local, options)
    },
    async locate(uri, openOptions) {
      const local = readLocalUri(uri, resolve(options.baseFolder ?? ''))
      if (local.kind === 'file' || local.by !== 'name' || platformLayouts(local.store, options) !== null)
        return null
      const layout = folderLayout(local.store, await passwordOf(openOptions))
      return { store: versionedStore(layout, options), name: local.value, version: null }
    },
  }
}

/**
 * Opens one PFX file with one private key in it. The key is called as the file is, without its extension.
 *
 * @param path absolute, or relative to the process's working folder
 * @param password of the file; empty for one without
 * @throws SealwrightError `NOT_FOUND`, `WRONG_PASSWORD`, `INVALID_ENCODING`, `UNSUPPORTED_KEY`, `LIMIT_EXCEEDED`,
 *   `UNSAFE_PERMISSIONS` when others than the owner can read the file (where it lies is not checked), `ACCESS_DENIED`,
 *   `UNAVAILABLE`
 */
export async function openPkcs12File(
  path: string,
  password: string,
  options: SignerOptions = {},
): Promise<LocalSigningKey> {
  const absolute = resolve(path)
  const file = await readCertificateFile(absolute, password, ownerOnly)
  if (file === null) throw new SealwrightError('NOT_FOUND', `there is no file ${absolute}`)
  return localSigningKey({ name: nameOfFile(absolute), file, createdAt: null }, options)
}

type StoreUri = Extract<LocalUri, { kind: 'store' }>

/** The folders that a platform keeps and that have a name of their own; null when the store is a folder's path. */
function platformLayouts(store: string, options: LocalStoreOptions): readonly Layout[] | null {
  const appService = options.appService ?? {}
  switch (store) {
    case 'my': {
      const dotNet = dotNetLayoutOf(options.dotNet ?? {})
      return isAppServiceSet(appService) ? [dotNet, appServiceLayoutOf(appService)] : [dotNet]
    }
    case 'appservice':
      return [appServiceLayoutOf(appService)]
    default:
      return null
  }
}

async function find(
  layouts: readonly Layout[],
  { by, value }: StoreUri,
  options: SignerOptions,
): Promise<LocalSigningKey> {
  const stored = await Promise.all(layouts.map((layout) => layout.read()))
  const query = by === 'name' ? { friendlyName: value } : { [by]: value }
  return localSigningKey(findKey(stored.flat(), query, layouts), options)
}

async function openInFolder(
  uri: StoreUri,
  password: string,
  { create, signal }: OpenKeyOptions,
  options: SignerOptions,
): Promise<LocalSigningKey> {
  const layout = folderLayout(uri.store, password)
  if (uri.by !== 'name') {
    if (create !== undefined) throw cannotCreate(`${uri.by} names a certificate that exists`)
    return find([layout], uri, options)
  }
  const folder = versionedStore(layout, options)
  const key = await folder.get(uri.value, { signal })
  if (key !== null) return key
  if (create === undefined) throw noKeyNamed(uri.value, await layout.read(), [layout])
  try {
    return await folder.create(uri.value, { ...create, signal: create.signal ?? signal })
  } catch (error) {
    if (!isSealwrightError(error, 'ALREADY_EXISTS')) throw error
    // Another process was quicker: its key is the key.
    const winner = await folder.get(uri.value, { signal })
    if (winner === null) throw error
    return winner
  }
}

async function passwordOf(options: Pick<OpenKeyOptions, 'password'>): Promise<string> {
  return resolvePassword('options.password', options.password)
}

function cannotCreate(why: string): SealwrightError {
  return new SealwrightError(
    'INVALID_ARGUMENT',
    `${why}, so no key is created by it; store:FOLDER?name=NAME creates one`,
  )
}
