export type { KeyQuery } from './find-key.ts'
export type { CertificateStore } from './key-folder.ts'
export type { CreateSigner, LocalSigningKey, SignerOptions } from './local-signing-key.ts'
export { localStore, openPkcs12File, type LocalStoreOptions } from './local-store.ts'
export {
  openAppServiceStore,
  openDotNetStore,
  openFolderStore,
  type AppServiceStoreOptions,
  type DotNetStoreOptions,
  type FolderStoreOptions,
} from './stores.ts'
export { normalizeThumbprint } from './thumbprint.ts'
export type { FolderStore } from './writable-key-folder.ts'
