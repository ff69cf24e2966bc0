import {
  algorithmsOf,
  isSealwrightError,
  type GetKeyOptions,
  type ListKeysOptions,
  type Password,
} from '@sealwright/core'
import { aPassword, resolvePassword } from '@sealwright/core/internal'
import { encodePkcs12, withPrivateKey } from '../files/pkcs12-file.ts'
import { findKey, noKeyNamed, type KeyQuery } from '../find/find-key.ts'
import type { StoredKey } from '../find/stored-key.ts'
import type { Layout } from '../layouts/layout.ts'
import { localSigningKey, type LocalSigningKey, type SignerOptions } from './local-signing-key.ts'

/** A key as it was read: the file, and what callers get of it. */
export interface OpenedKey {
  readonly stored: StoredKey
  readonly key: LocalSigningKey
}

/** Reads the keys of a folder. */
export class KeyReader {
  readonly #layout: Layout
  readonly #options: SignerOptions

  constructor(layout: Layout, options: SignerOptions) {
    this.#layout = layout
    this.#options = options
  }

  async get(name: string, options: GetKeyOptions = {}): Promise<LocalSigningKey | null> {
    const found = await this.#version(name, options)
    return found?.key ?? null
  }

  async list(options: ListKeysOptions = {}): Promise<readonly LocalSigningKey[]> {
    const opened = await this.read(options)
    return opened.map(({ key }) => key)
  }

  async find(query: KeyQuery): Promise<LocalSigningKey> {
    return this.open(findKey(await this.#layout.read(), query, [this.#layout]))
  }

  async exportPkcs12(name: string, password: Password, options: GetKeyOptions = {}): Promise<Uint8Array> {
    // Left out, it must not become the empty password.
    aPassword('password', password)
    const found = await this.#version(name, options)
    if (found === null) throw await this.absent(name)
    return encodePkcs12(
      found.key.name,
      withPrivateKey(found.stored.file),
      await resolvePassword('password', password),
    )
  }

  /** The signing keys of the folder, or of one name, newest first. */
  async read({ name, signal }: ListKeysOptions): Promise<readonly OpenedKey[]> {
    signal?.throwIfAborted()
    const all = await this.#layout.read(name)
    signal?.throwIfAborted()
    return all
      .filter((stored) => !this.#layout.shared || canSign(stored))
      .map((stored) => ({ stored, key: this.open(stored) }))
      .toSorted(newestFirst)
  }

  open(stored: StoredKey): LocalSigningKey {
    return localSigningKey(stored, this.#options)
  }

  /** The error for a name that no key has. */
  async absent(name: string): Promise<Error> {
    return noKeyNamed(name, await this.#layout.read(), [this.#layout])
  }

  /** That version, or else the newest enabled one, or else the newest. */
  async #version(name: string, options: GetKeyOptions): Promise<OpenedKey | null> {
    const opened = await this.read({ name, signal: options.signal })
    const version = options.version?.toLowerCase()
    const found =
      version === undefined
        ? (opened.find(({ key }) => key.enabled) ?? opened[0])
        : opened.find(({ key }) => key.version === version)
    return found ?? null
  }
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

/** By number, then by the file's time, then by version, so that all who read the folder see the same order. */
function newestFirst(a: OpenedKey, b: OpenedKey): number {
  return (
    b.stored.number - a.stored.number ||
    b.stored.file.modifiedAt.getTime() - a.stored.file.modifiedAt.getTime() ||
    (a.key.version < b.key.version ? -1 : 1)
  )
}
