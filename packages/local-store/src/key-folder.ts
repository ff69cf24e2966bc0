import {
  algorithmsOf,
  isSealwrightError,
  SealwrightError,
  type CreateKeyOptions,
  type GetKeyOptions,
  type KeyStore,
  type ListKeysOptions,
  type Pkcs12Exporter,
} from '@sealwright/core'
import { findKey, noKeyNamed, type KeyQuery, type StoredKey } from './find-key.ts'
import type { Layout } from './layout.ts'
import { localSigningKey, type LocalSigningKey, type SignerOptions } from './local-signing-key.ts'
import { encodePkcs12, withPrivateKey } from './pkcs12-file.ts'

/** Certificates with their keys in a folder of this machine. */
export interface CertificateStore extends KeyStore, Pkcs12Exporter {
  get(name: string, options?: GetKeyOptions): Promise<LocalSigningKey | null>
  list(options?: ListKeysOptions): Promise<readonly LocalSigningKey[]>
  create(name: string, options?: CreateKeyOptions): Promise<LocalSigningKey>
  /**
   * The one key whose certificate has that thumbprint, subject or friendly name.
   *
   * @throws SealwrightError `NOT_FOUND` with a list of the certificates that are there, the one with the most similar
   *   thumbprint marked; `AMBIGUOUS` with a list of those that match; `INVALID_ARGUMENT`; or as {@link KeyStore.get}
   */
  find(query: KeyQuery): Promise<LocalSigningKey>
}

/** A folder that is read and never written. */
export class KeyFolder implements CertificateStore {
  readonly location: string
  readonly #layout: Layout
  readonly #options: SignerOptions

  constructor(layout: Layout, options: SignerOptions) {
    this.location = layout.folder
    this.#layout = layout
    this.#options = options
  }

  async get(name: string, options: GetKeyOptions = {}): Promise<LocalSigningKey | null> {
    const found = await this.#version(name, options)
    return found?.key ?? null
  }

  async list(options: ListKeysOptions = {}): Promise<readonly LocalSigningKey[]> {
    const opened = await this.#open(options)
    return opened.map(({ key }) => key)
  }

  async find(query: KeyQuery): Promise<LocalSigningKey> {
    const { name, file } = findKey(await this.#layout.read(), query, [this.#layout])
    return localSigningKey(name, file, this.#options)
  }

  create(name: string, _options?: CreateKeyOptions): Promise<LocalSigningKey> {
    return Promise.reject(
      new SealwrightError(
        'UNSUPPORTED_OPERATION',
        `cannot create the key ${JSON.stringify(name)}: ${this.location} is read only here`,
      ),
    )
  }

  async exportPkcs12(name: string, password: string, options: GetKeyOptions = {}): Promise<Uint8Array> {
    const found = await this.#version(name, options)
    if (found === null) throw noKeyNamed(name, await this.#layout.read(), [this.#layout])
    return encodePkcs12(found.key.name, withPrivateKey(found.stored.file), password)
  }

  async #version(name: string, options: GetKeyOptions): Promise<OpenedKey | null> {
    const opened = await this.#open({ name, signal: options.signal })
    const version = options.version?.toLowerCase()
    return opened.find(({ key }) => version === undefined || key.version === version) ?? null
  }

  /** The signing keys of the folder, or of one name, newest first. */
  async #open({ name, signal }: ListKeysOptions): Promise<readonly OpenedKey[]> {
    signal?.throwIfAborted()
    const all = await this.#layout.read(name)
    signal?.throwIfAborted()
    return all
      .filter((stored) => !this.#layout.shared || canSign(stored))
      .map((stored) => ({ stored, key: localSigningKey(stored.name, stored.file, this.#options) }))
      .toSorted((a, b) => newestFirst(a.key, b.key))
  }
}

interface OpenedKey {
  readonly stored: StoredKey
  readonly key: LocalSigningKey
}

function canSign({ file }: StoredKey): boolean {
  if (file.privateKey === null) return false
  try {
    return algorithmsOf(file.privateKey).length > 0
  } catch (error) {
    if (isSealwrightError(error, 'UNSUPPORTED_KEY')) return false
    throw error
  }
}

/** By time, then by version, so that everyone who reads the folder sees the same order. */
function newestFirst(a: LocalSigningKey, b: LocalSigningKey): number {
  return b.createdAt.getTime() - a.createdAt.getTime() || (a.version < b.version ? -1 : 1)
}
