export type { KeyQuery } from './find/find-key.ts'
export type { CertificateStore, FolderStore, WritableCertificateStore } from './keys/certificate-store.ts'
export type { CreateSigner, LocalSigningKey, SignerOptions } from './keys/local-signing-key.ts'
export { openKeyFile, openPkcs12File, type OpenKeyFileOptions } from './key-files.ts'
export { localStore, type LocalStoreOptions } from './local-store.ts'
export {
  openAppServiceStore,
  openDotNetStore,
  openFolderStore,
  type AppServiceStoreOptions,
  type DotNetStoreOptions,
  type FolderStoreOptions,
} from './stores.ts'
export { normalizeThumbprint } from './find/thumbprint.ts'
