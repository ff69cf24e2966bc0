import { dirname, resolve } from 'node:path'
import {
  isSealwrightError,
  type Backend,
  type KeyLocator,
  type OpenKeyOptions,
  type SealwrightError,
} from '@sealwright/core'
import {
  aFolderPath,
  anAbortSignal,
  aPassword,
  aString,
  createKeyOptions,
  eitherSignal,
  invalidArgument,
  optionsOf,
  resolvePassword,
} from '@sealwright/core/internal'
import { ownerOnly, unchecked, type AccessRule } from './files/access-rule.ts'
import { findKey } from './find/find-key.ts'
import {
  appServiceLayout,
  appServiceMembers,
  isAppServiceSet,
  type AppServiceStoreOptions,
} from './layouts/app-service-layout.ts'
import { dotNetLayout, dotNetMembers, type DotNetStoreOptions } from './layouts/dot-net-layout.ts'
import { folderLayout } from './layouts/folder-layout.ts'
import type { Layout, VersionedLayout } from './layouts/layout.ts'
import { noSuchKey } from './keys/key-reader.ts'
import { versionedStore } from './keys/key-writer.ts'
import {
  localSigningKey,
  signerOptions,
  type LocalSigningKey,
  type SignerOptions,
} from './keys/local-signing-key.ts'
import { isLocalUri, isPlatformStore, readLocalUri, type LocalUri } from './find/signing-uri.ts'
import { openKeyFileAt } from './key-files.ts'

/** Options of {@link localStore}. */
export interface LocalStoreOptions extends SignerOptions {
  /** The folder that relative paths in URIs start from. Default: the working folder of the process when a key is opened. */
  readonly baseFolder?: string | undefined
  /** Where .NET's folder is, for `store:my`. */
  readonly dotNet?: DotNetStoreOptions | undefined
  /** Where App Service's folder is, for `store:appservice` and `store:my`. */
  readonly appService?: AppServiceStoreOptions | undefined
}

/**
 * The backend for keys on this machine.
 *
 * | URI | opens |
 * | --- | --- |
 * | `file:./my-app-auth.pfx`, `file:/keys/a.pfx`, `file:///keys/a.pfx` | a file that holds a private key and its certificates: PFX, PEM and others |
 * | `file:./tls.key?certificate=tls.crt` | a private key and its certificates in two files |
 * | `file:/etc/tls` | `tls.key` and `tls.crt` in a folder, as Kubernetes mounts a TLS secret |
 * | `store:my?thumbprint=…`, `store:CurrentUser/My?thumbprint=…` | .NET's folder, and App Service's where `WEBSITE_LOAD_CERTIFICATES` is set |
 * | `store:appservice?thumbprint=…` | App Service's folder |
 * | `store:./keys?name=…` | a folder in Sealwright's layout |
 *
 * Every `store:` URI takes exactly one of `thumbprint`, `subject` and `name`. The name is the file's in Sealwright's layout and the
 * friendly name elsewhere. `options.password` opens a file or a folder in Sealwright's layout; the other folders have none.
 *
 * `options.create` creates a key that is proven absent. It works only with `store:FOLDER?name=…`. A file or a thumbprint names something
 * that exists, and in the layouts of .NET and App Service two processes could both create a key of one name.
 *
 * @example
 * ```ts
 * import { openSigningKey } from '@sealwright/core'
 * import { localStore } from '@sealwright/local-store'
 *
 * const key = await openSigningKey('file:./my-app-auth.pfx', {
 *   backends: [localStore()],
 *   password: () => process.env['SIGNING_KEY_PASSWORD'] ?? '',
 * })
 * ```
 */
export function localStore(options: LocalStoreOptions = {}): Backend & KeyLocator {
  localStoreOptions('options', options)
  const parse = (uri: string, openOptions: OpenKeyOptions): LocalUri => {
    aString('uri', uri)
    openKeyOptions('options', openOptions)
    return readLocalUri(uri, resolve(options.baseFolder ?? ''))
  }
  return {
    name: 'local store',
    forms: [
      'file:PATH',
      'file:KEY?certificate=CERTIFICATE',
      'store:my?thumbprint=…',
      'store:appservice?thumbprint=…',
      'store:FOLDER?name=…',
    ],
    accepts: isLocalUri,
    async open(uri, openOptions) {
      const local = parse(uri, openOptions)
      openOptions.signal?.throwIfAborted()
      if (openOptions.create !== undefined && !isNamedKey(local)) throw cannotCreate(local)
      if (local.kind === 'store' && isPlatformStore(local.store)) {
        return find(platformLayouts(local.store, options), local, options)
      }
      const password = await resolvePassword('options.password', openOptions.password)
      if (local.kind === 'file') {
        const { path, certificatePath } = local
        return openKeyFileAt(path, certificatePath, password, options, ruleOf(path, options))
      }
      const layout = folderLayout(local.store, password)
      if (local.by === 'name') return openNamed(layout, local.value, openOptions, options)
      return find([layout], local, options)
    },
    async locate(uri, openOptions) {
      const local = parse(uri, openOptions)
      if (!isNamedKey(local)) return null
      const password = await resolvePassword('options.password', openOptions.password)
      const store = versionedStore(folderLayout(local.store, password), options)
      return { store, name: local.value, version: null }
    },
  }
}

const localStoreOptions = optionsOf({
  baseFolder: aFolderPath,
  dotNet: optionsOf(dotNetMembers),
  appService: optionsOf(appServiceMembers),
  ...signerOptions,
})
const openKeyOptions = optionsOf({
  password: aPassword,
  create: createKeyOptions(),
  signal: anAbortSignal,
})

/** The platform sets the modes of the files in App Service's folder, so they are not checked for a `file:` URI either. */
function ruleOf(path: string, { appService = {} }: LocalStoreOptions): AccessRule {
  return isAppServiceSet(appService) && dirname(path) === appServiceLayout(appService).folder
    ? unchecked
    : ownerOnly
}

type StoreUri = Extract<LocalUri, { kind: 'store' }>

/** Whether the URI names a key in Sealwright's layout: the only kind that can be created and has versions. */
function isNamedKey(local: LocalUri): local is StoreUri & { readonly by: 'name' } {
  return local.kind === 'store' && local.by === 'name' && !isPlatformStore(local.store)
}

/** The folders of a platform's store. */
function platformLayouts(
  store: 'my' | 'appservice',
  { dotNet = {}, appService = {} }: LocalStoreOptions,
): readonly Layout[] {
  if (store === 'appservice') return [appServiceLayout(appService)]
  const layout = dotNetLayout(dotNet)
  if (isAppServiceSet(appService)) return [layout, appServiceLayout(appService)]
  const hint =
    'App Service provides certificates only if WEBSITE_LOAD_CERTIFICATES is * or lists their thumbprints'
  return [{ ...layout, hint: layout.hint ?? hint }]
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

/** The key with that name, created if the caller asks for it. */
async function openNamed(
  layout: VersionedLayout,
  name: string,
  { create, signal }: OpenKeyOptions,
  options: SignerOptions,
): Promise<LocalSigningKey> {
  const store = versionedStore(layout, options)
  const key = await store.get(name, { signal })
  if (key !== null) return key
  if (create === undefined) throw await noSuchKey(layout, name)
  try {
    return await store.create(name, { ...create, signal: eitherSignal(signal, create.signal) })
  } catch (error) {
    if (!isSealwrightError(error, 'ALREADY_EXISTS')) throw error
    // Another process was faster: its key counts.
    const winner = await store.get(name, { signal })
    if (winner === null) throw error
    return winner
  }
}

function cannotCreate(local: LocalUri): SealwrightError {
  const [form, why] =
    local.kind === 'file'
      ? ['file:PATH', 'it is an existing file']
      : isPlatformStore(local.store)
        ? [`store:${local.store}`, 'two processes could create two keys of the same name']
        : [`store:FOLDER?${local.by}=…`, 'it is an existing certificate']
  return invalidArgument(`${form} cannot create a key: ${why}; use store:FOLDER?name=NAME`)
}
