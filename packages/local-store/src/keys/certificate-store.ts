import type {
  CreateKeyOptions,
  GetKeyOptions,
  KeyDeleter,
  KeyDisabler,
  KeyRotator,
  KeyStore,
  ListKeysOptions,
  Password,
  Pkcs12Exporter,
  Pkcs12Importer,
  RotateKeyOptions,
} from '@sealwright/core'
import type { KeyQuery } from '../find/find-key.ts'
import type { LocalSigningKey } from './local-signing-key.ts'

/** Certificates and their private keys in a folder on this machine. */
export interface CertificateStore extends KeyStore, Pkcs12Exporter {
  /** As {@link KeyStore.get}. */
  get(name: string, options?: GetKeyOptions): Promise<LocalSigningKey | null>
  /** As {@link KeyStore.list}. */
  list(options?: ListKeysOptions): Promise<readonly LocalSigningKey[]>
  /** As {@link KeyStore.create}. */
  create(name: string, options?: CreateKeyOptions): Promise<LocalSigningKey>
  /**
   * The one key whose certificate has that thumbprint, subject or friendly name. A subject or a name finds the newest version, and a
   * thumbprint any version.
   *
   * @throws SealwrightError `NOT_FOUND` with a list of the certificates in the folder, in which the most similar thumbprint is marked;
   *   `AMBIGUOUS` with a list of those that match; `INVALID_ARGUMENT`; or as {@link KeyStore.get}
   */
  find(query: KeyQuery): Promise<LocalSigningKey>
}

/** A {@link CertificateStore} that keys can be added to and removed from. */
export interface WritableCertificateStore extends CertificateStore, Pkcs12Importer, KeyDeleter {
  /**
   * As {@link Pkcs12Importer.importPkcs12}. If the name already has this key, the imported certificate replaces the old one: this is how
   * a certificate is renewed. An expired certificate is imported like any other.
   *
   * @param pkcs12 PKCS#12, PEM or any other format that `readKeyFile` of @sealwright/x509 reads
   * @throws SealwrightError as {@link Pkcs12Importer.importPkcs12}; `ALREADY_EXISTS` also when another process changes the file of the
   *   key before it is replaced
   */
  importPkcs12(name: string, pkcs12: Uint8Array, password: Password): Promise<LocalSigningKey>
}

/** A folder in Sealwright's own layout. Its keys can have several versions. */
export interface FolderStore extends WritableCertificateStore, KeyRotator, KeyDisabler {
  /**
   * Creates a new version of the key: a new key of the same type, with a self-signed certificate. The certificate has the subject of the
   * newest one, byte for byte, and is valid for the same length of time. If the newest one has no subject, the new one has `CN=` and the
   * name of the key. The older versions stay and can still sign.
   *
   * @throws SealwrightError `ALREADY_EXISTS` when another process creates the next version at the same time; `NOT_FOUND`; or as
   *   {@link KeyStore.get}
   */
  rotate(name: string, options?: RotateKeyOptions): Promise<LocalSigningKey>
  /**
   * As {@link KeyDisabler.disable}. An empty file beside the key, `.NAME.KID.disabled`, records it; to enable the key again, remove that
   * file. The key stays disabled when its certificate is renewed.
   */
  disable(name: string, version: string): Promise<void>
}
