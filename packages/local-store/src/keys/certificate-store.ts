import {
  SealwrightError,
  type CreateKeyOptions,
  type GetKeyOptions,
  type KeyDeleter,
  type KeyDisabler,
  type KeyRotator,
  type KeyStore,
  type ListKeysOptions,
  type Password,
  type Pkcs12Exporter,
  type Pkcs12Importer,
  type RotateKeyOptions,
} from '@sealwright/core'
import {
  aString,
  bytes,
  createKeyOptions,
  getKeyOptions,
  listKeysOptions,
  optionsOf,
  rotateKeyOptions,
} from '@sealwright/core/internal'
import type { KeyQuery } from '../find/find-key.ts'
import { quoteOr } from '../find/key-name.ts'
import type { Layout, VersionedLayout, WritableLayout } from '../layouts/layout.ts'
import { KeyReader } from './key-reader.ts'
import { KeyVersions, KeyWriter } from './key-writer.ts'
import type { LocalSigningKey, SignerOptions } from './local-signing-key.ts'

/** Certificates with their keys in a folder of this machine. */
export interface CertificateStore extends KeyStore, Pkcs12Exporter {
  /** As {@link KeyStore.get}. */
  get(name: string, options?: GetKeyOptions): Promise<LocalSigningKey | null>
  /** As {@link KeyStore.list}. */
  list(options?: ListKeysOptions): Promise<readonly LocalSigningKey[]>
  /** As {@link KeyStore.create}. */
  create(name: string, options?: CreateKeyOptions): Promise<LocalSigningKey>
  /**
   * The one key whose certificate has that thumbprint, subject or friendly name. Of several versions of one name, it is the
   * newest, except that a thumbprint finds any.
   *
   * @throws SealwrightError `NOT_FOUND` with a list of the certificates there are, the one with the most similar thumbprint
   *   marked; `AMBIGUOUS` with a list of those that match; `INVALID_ARGUMENT`; or as {@link KeyStore.get}
   */
  find(query: KeyQuery): Promise<LocalSigningKey>
}

/** A {@link CertificateStore} that keys can be added to and removed from. */
export interface WritableCertificateStore extends CertificateStore, Pkcs12Importer, KeyDeleter {
  /**
   * As {@link Pkcs12Importer.importPkcs12}. If the name has the key already, the imported certificate replaces its certificate: this is
   * how a certificate is renewed. An expired certificate is imported like any other.
   *
   * @param pkcs12 PKCS#12, PEM or any other format that `readKeyFile` of @sealwright/x509 reads
   * @throws SealwrightError as {@link Pkcs12Importer.importPkcs12}; `ALREADY_EXISTS` also when another process changes the file of the
   *   key before it is replaced
   */
  importPkcs12(name: string, pkcs12: Uint8Array, password: Password): Promise<LocalSigningKey>
}

/** A folder in Sealwright's own layout: its keys can have several versions. */
export interface FolderStore extends WritableCertificateStore, KeyRotator, KeyDisabler {
  /**
   * Makes a new version of the key: a new key of the same type, with a self-signed certificate. The certificate has the subject of the
   * newest one, byte for byte, and is valid for as long. Where the newest one has no subject, it is `CN=` and the name of the key. The
   * older versions stay and still sign.
   *
   * @throws SealwrightError `ALREADY_EXISTS` when another process has made the next version since this one looked; `NOT_FOUND`;
   *   or as {@link KeyStore.get}
   */
  rotate(name: string, options?: RotateKeyOptions): Promise<LocalSigningKey>
  /**
   * As {@link KeyDisabler.disable}. An empty file beside the key, `.NAME.KID.disabled`, records it; to enable the key again, remove that
   * file. The key stays disabled when its certificate is renewed.
   */
  disable(name: string, version: string): Promise<void>
}

/** A folder that is only read. */
export function readOnlyStore(layout: Layout, options: SignerOptions): CertificateStore {
  return {
    ...reading(layout, new KeyReader(layout, options)),
    async create(name) {
      aString('name', name)
      throw new SealwrightError(
        'UNSUPPORTED_OPERATION',
        `cannot create the key ${quoteOr(name, 'of that name')}: ${layout.folder} is read only here`,
      )
    },
  }
}

/** A folder that keys are written to. */
export function writableStore(layout: WritableLayout, options: SignerOptions): WritableCertificateStore {
  const reader = new KeyReader(layout, options)
  return { ...reading(layout, reader), ...writing(new KeyWriter(layout, reader)) }
}

/** A folder whose keys can have several versions. */
export function versionedStore(layout: VersionedLayout, options: SignerOptions): FolderStore {
  const reader = new KeyReader(layout, options)
  const versions = new KeyVersions(layout, reader)
  return {
    ...reading(layout, reader),
    ...writing(new KeyWriter(layout, reader)),
    async rotate(name, rotateOptions = {}) {
      aString('name', name)
      checkRotate('options', rotateOptions)
      return versions.rotate(name, rotateOptions)
    },
    async disable(name, version) {
      aString('name', name)
      aString('version', version)
      await versions.disable(name, version)
    },
  }
}

function reading(layout: Layout, reader: KeyReader): Omit<CertificateStore, 'create'> {
  return {
    location: layout.folder,
    async get(name, options = {}) {
      aString('name', name)
      getKeyOptions('options', options)
      return reader.get(name, options)
    },
    async list(options = {}) {
      listKeysOptions('options', options)
      return reader.list(options)
    },
    async find(query) {
      checkQuery('query', query)
      return reader.find(query)
    },
    async exportPkcs12(name, password, options = {}) {
      aString('name', name)
      getKeyOptions('options', options)
      return reader.exportPkcs12(name, password, options)
    },
  }
}

const checkQuery = optionsOf({ thumbprint: aString, subject: aString, friendlyName: aString })
const checkCreate = createKeyOptions()
const checkRotate = rotateKeyOptions()

function writing(writer: KeyWriter): Pick<WritableCertificateStore, 'create' | 'importPkcs12' | 'delete'> {
  return {
    async create(name, options = {}) {
      aString('name', name)
      checkCreate('options', options)
      return writer.create(name, options)
    },
    async importPkcs12(name, pkcs12, password) {
      aString('name', name)
      bytes('pkcs12', pkcs12)
      return writer.importPkcs12(name, pkcs12, password)
    },
    async delete(name) {
      aString('name', name)
      return writer.delete(name)
    },
  }
}
