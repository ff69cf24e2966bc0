import { homedir, userInfo } from 'node:os'
import { appServiceLayout } from './layouts/app-service-layout.ts'
import { dotNetLayout } from './layouts/dot-net-layout.ts'
import { folderLayout } from './layouts/folder-layout.ts'
import type { Layout, WritableLayout } from './layouts/layout.ts'
import {
  readOnlyStore,
  versionedStore,
  writableStore,
  type CertificateStore,
  type FolderStore,
  type WritableCertificateStore,
} from './keys/certificate-store.ts'
import type { SignerOptions } from './keys/local-signing-key.ts'

export interface FolderStoreOptions {
  /** The one password of all files in the folder. Default empty: the files' mode alone protects them. */
  readonly password?: string | undefined
}

export interface DotNetStoreOptions {
  /** The home folder of the user that .NET runs as. Default `$HOME`, else the one the system has for this user. */
  readonly home?: string | undefined
}

export interface AppServiceStoreOptions {
  /** Default `/var/ssl/private`. */
  readonly folder?: string | undefined
  /** `*`, or SHA-1 thumbprints with commas between them. Default the environment's `WEBSITE_LOAD_CERTIFICATES`. */
  readonly loadCertificates?: string | undefined
}

/**
 * Opens a folder in Sealwright's own layout, `NAME.pfx` for each key. A folder that does not exist is empty, and made by the
 * first key that is written.
 *
 * Key names have 1 to 127 letters, digits and hyphens, as in Key Vault, and case does not tell them apart. Of several
 * processes that create one name at the same instant, one succeeds.
 *
 * @throws SealwrightError `UNSAFE_PERMISSIONS` when others than the owner can get into the folder; `ACCESS_DENIED`,
 *   `UNAVAILABLE`
 */
export async function openFolderStore(
  folder: string,
  options: FolderStoreOptions & SignerOptions = {},
): Promise<FolderStore> {
  const layout = folderLayout(folder, options.password ?? '')
  await layout.check()
  return versionedStore(layout, options)
}

/**
 * Opens the folder in which .NET on Linux keeps `new X509Store(StoreName.My, StoreLocation.CurrentUser)`. .NET finds what is
 * created or imported here, and this store what .NET adds. The files have no password. Certificates without a private key,
 * and those whose key cannot sign a token, are .NET's business: listing passes over them.
 *
 * A key's name is the friendly name inside its file, or else its subject's common name, or else its thumbprint. `create`
 * reads all files to prove that the name is free, but two processes that create one name at the same instant both succeed,
 * since the files are called by their thumbprints. To start several servers at once, use {@link openFolderStore}.
 *
 * @throws SealwrightError as {@link openFolderStore}; the folder may be readable by others, as .NET makes it, but not
 *   writable
 */
export async function openDotNetStore(
  options: DotNetStoreOptions & SignerOptions = {},
): Promise<WritableCertificateStore> {
  const layout = dotNetLayoutOf(options)
  await layout.check()
  return writableStore(layout, options)
}

/**
 * Opens the folder in which Azure App Service gives a Linux app its certificates, those that the app's setting
 * `WEBSITE_LOAD_CERTIFICATES` names. It is read only: `create` is `UNSUPPORTED_OPERATION`. The platform makes the files, so
 * their modes are not checked.
 *
 * @throws SealwrightError `INVALID_ARGUMENT` when the setting is malformed; `ACCESS_DENIED`, `UNAVAILABLE`
 */
export async function openAppServiceStore(
  options: AppServiceStoreOptions & SignerOptions = {},
): Promise<CertificateStore> {
  const layout = appServiceLayoutOf(options)
  await layout.check()
  return readOnlyStore(layout, options)
}

/** The layout for those options, nothing read yet. */
export function dotNetLayoutOf(options: DotNetStoreOptions): WritableLayout {
  // An empty $HOME counts as none, as it does for .NET.
  return dotNetLayout(options.home ?? (homedir() || userInfo().homedir))
}

/** As {@link dotNetLayoutOf}. */
export function appServiceLayoutOf(options: AppServiceStoreOptions): Layout {
  return appServiceLayout(options.folder ?? '/var/ssl/private', settingOf(options))
}

/** Whether the app has asked App Service for certificates. */
export function isAppServiceSet(options: AppServiceStoreOptions): boolean {
  return settingOf(options) !== ''
}

function settingOf(options: AppServiceStoreOptions): string {
  return (options.loadCertificates ?? process.env['WEBSITE_LOAD_CERTIFICATES'] ?? '').trim()
}
