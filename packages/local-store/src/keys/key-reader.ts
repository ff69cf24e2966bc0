import { SealwrightError, type GetKeyOptions, type ListKeysOptions } from '@sealwright/core'
import {
  aPassword,
  aString,
  getKeyOptions,
  listKeysOptions,
  optionsOf,
  resolvePassword,
} from '@sealwright/core/internal'
import { encodePkcs12, withPrivateKey } from '../files/pkcs12-file.ts'
import { findKey, noKeyNamed } from '../find/find-key.ts'
import { quoteOr } from '../find/key-name.ts'
import { isSigningKey, type StoredKey } from '../find/stored-key.ts'
import type { Layout } from '../layouts/layout.ts'
import type { CertificateStore } from './certificate-store.ts'
import { localSigningKey, type LocalSigningKey, type SignerOptions } from './local-signing-key.ts'

/** A read-only store. */
export function readOnlyStore(layout: Layout, options: SignerOptions): CertificateStore {
  return {
    ...reading(layout, options),
    async create(name) {
      aString('name', name)
      throw new SealwrightError(
        'UNSUPPORTED_OPERATION',
        `cannot create the key ${quoteOr(name, 'of that name')}: ${layout.folder} is read-only`,
      )
    },
  }
}

/** What every store can do. */
export function reading(layout: Layout, signerOptions: SignerOptions): Omit<CertificateStore, 'create'> {
  /** That version, or else the newest enabled one, or else the newest. */
  const read = async (name: string, { version, signal }: GetKeyOptions): Promise<OpenedKey | null> => {
    const opened = await readKeys(layout, signerOptions, { name, signal })
    const found =
      version === undefined
        ? (opened.find(({ key }) => key.enabled) ?? opened[0])
        : opened.find(({ key }) => key.version === version.toLowerCase())
    return found ?? null
  }
  return {
    location: layout.folder,
    async get(name, options = {}) {
      aString('name', name)
      getKeyOptions('options', options)
      return (await read(name, options))?.key ?? null
    },
    async list(options = {}) {
      listKeysOptions('options', options)
      return (await readKeys(layout, signerOptions, options)).map(({ key }) => key)
    },
    async find(query) {
      checkQuery('query', query)
      return localSigningKey(findKey(await layout.read(), query, [layout]), signerOptions)
    },
    async exportPkcs12(name, password, options = {}) {
      aString('name', name)
      // A missing password must not become the empty one.
      aPassword('password', password)
      getKeyOptions('options', options)
      const found = await read(name, options)
      if (found === null) throw await noSuchKey(layout, name)
      const { key, stored } = found
      return encodePkcs12(key.name, withPrivateKey(stored.file), await resolvePassword('password', password))
    },
  }
}

const checkQuery = optionsOf({ thumbprint: aString, subject: aString, friendlyName: aString })

/** A key as it was read: its file, and what callers get. */
export interface OpenedKey {
  readonly stored: StoredKey
  readonly key: LocalSigningKey
}

/** The signing keys of a folder, or of one name, newest first. */
export async function readKeys(
  layout: Layout,
  options: SignerOptions,
  { name, signal }: ListKeysOptions,
): Promise<readonly OpenedKey[]> {
  signal?.throwIfAborted()
  const all = await layout.read(name)
  signal?.throwIfAborted()
  return all
    .filter((stored) => !layout.shared || isSigningKey(stored))
    .map((stored) => ({ stored, key: localSigningKey(stored, options) }))
    .toSorted(newestFirst)
}

/** The error for a name without a key. */
export async function noSuchKey(layout: Layout, name: string): Promise<SealwrightError> {
  return noKeyNamed(name, await layout.read(), [layout])
}

/** By number, then by the file's time, then by version, so that all readers of the folder see the same order. */
function newestFirst(a: OpenedKey, b: OpenedKey): number {
  return (
    b.stored.number - a.stored.number ||
    b.stored.file.modifiedAt.getTime() - a.stored.file.modifiedAt.getTime() ||
    (a.key.version < b.key.version ? -1 : 1)
  )
}
