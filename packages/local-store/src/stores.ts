import type { Password } from '@sealwright/core'
import { aFolderPath, aPassword, optionsOf, resolvePassword } from '@sealwright/core/internal'
import {
  appServiceLayout,
  appServiceMembers,
  type AppServiceStoreOptions,
} from './layouts/app-service-layout.ts'
import { dotNetLayout, dotNetMembers, type DotNetStoreOptions } from './layouts/dot-net-layout.ts'
import { folderLayout } from './layouts/folder-layout.ts'
import type { CertificateStore, FolderStore, WritableCertificateStore } from './keys/certificate-store.ts'
import { readOnlyStore } from './keys/key-reader.ts'
import { versionedStore, writableStore } from './keys/key-writer.ts'
import { signerOptions, type SignerOptions } from './keys/local-signing-key.ts'

/** Options of {@link openFolderStore}. */
export interface FolderStoreOptions {
  /** The password of all files in the folder. Default: none, so only the modes of the files protect the keys. */
  readonly password?: Password | undefined
}

/**
 * Opens a folder in Sealwright's own layout: `NAME.pfx` for each key, `NAME.v2.pfx` and so on for further versions. A folder that does
 * not exist counts as empty; writing the first key makes it.
 *
 * A key name has 1 to 127 letters, digits and hyphens, as in Key Vault, and case does not tell two names apart. When several
 * processes create or rotate a key at once, one succeeds.
 *
 * @throws SealwrightError `UNSAFE_PERMISSIONS` when other users than the owner can enter the folder; `ACCESS_DENIED`, `UNAVAILABLE`
 *
 * @example
 * ```ts
 * import { openFolderStore } from '@sealwright/local-store'
 *
 * const store = await openFolderStore('./keys')
 * const key = (await store.get('my-app-auth')) ?? (await store.create('my-app-auth'))
 * ```
 */
export async function openFolderStore(
  folder: string,
  options: FolderStoreOptions & SignerOptions = {},
): Promise<FolderStore> {
  aFolderPath('folder', folder)
  folderStoreOptions('options', options)
  const layout = folderLayout(folder, await resolvePassword('options.password', options.password))
  await layout.check()
  return versionedStore(layout, options)
}

/**
 * Opens the folder where .NET on Linux keeps `new X509Store(StoreName.My, StoreLocation.CurrentUser)`. .NET finds keys that this store
 * creates or imports, and this store finds those of .NET. The files have no password. `get` and `list` ignore certificates without a
 * private key and keys that cannot sign a token.
 *
 * The name of a key is the friendly name in its file, or else the common name of its subject, or else its thumbprint. `create` reads
 * all files to prove that a name is free. But the files are named after thumbprints, so if two processes create the same name at once,
 * both succeed. To start several servers at once, use {@link openFolderStore}.
 *
 * @throws SealwrightError as {@link openFolderStore}; others may read the folder, since .NET makes it so, but not write to it
 *
 * @example
 * ```ts
 * import { openDotNetStore } from '@sealwright/local-store'
 *
 * const store = await openDotNetStore()
 * const key = await store.find({ thumbprint: 'a9993e364706816aba3e25717850c26c9cd0d89d' })
 * ```
 */
export async function openDotNetStore(
  options: DotNetStoreOptions & SignerOptions = {},
): Promise<WritableCertificateStore> {
  dotNetOptions('options', options)
  const layout = dotNetLayout(options)
  await layout.check()
  return writableStore(layout, options)
}

/**
 * Opens the folder where Azure App Service puts the certificates of a Linux app: those that the app's setting
 * `WEBSITE_LOAD_CERTIFICATES` names. The folder is read only, and `create` throws `UNSUPPORTED_OPERATION`. The platform creates the files,
 * so their modes are not checked.
 *
 * @throws SealwrightError `INVALID_ARGUMENT` when the setting is malformed; `ACCESS_DENIED`, `UNAVAILABLE`
 *
 * @example
 * ```ts
 * import { openAppServiceStore } from '@sealwright/local-store'
 *
 * const store = await openAppServiceStore()
 * const key = await store.find({ subject: 'CN=my-app-auth' })
 * ```
 */
export async function openAppServiceStore(
  options: AppServiceStoreOptions & SignerOptions = {},
): Promise<CertificateStore> {
  appServiceOptions('options', options)
  const layout = appServiceLayout(options)
  await layout.check()
  return readOnlyStore(layout, options)
}

const folderStoreOptions = optionsOf({ password: aPassword, ...signerOptions })
const dotNetOptions = optionsOf({ ...dotNetMembers, ...signerOptions })
const appServiceOptions = optionsOf({ ...appServiceMembers, ...signerOptions })
