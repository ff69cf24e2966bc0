import { algorithmsOf, jwkThumbprint, keyType, SealwrightError } from '@sealwright/core'
import { aString, aWholeNumber, bytes, createKeyOptions, rotateKeyOptions } from '@sealwright/core/internal'
import { distinguishedName } from '@sealwright/x509'
import { readImportedKey, type Pkcs12Key } from '../files/pkcs12-file.ts'
import { checkNewName } from '../find/key-name.ts'
import type { StoredKey } from '../find/stored-key.ts'
import { sha256Thumbprint } from '../find/thumbprint.ts'
import type { VersionedLayout, WritableLayout } from '../layouts/layout.ts'
import type { FolderStore, WritableCertificateStore } from './certificate-store.ts'
import { noSuchKey, reading, readKeys } from './key-reader.ts'
import { localSigningKey, type SignerOptions } from './local-signing-key.ts'
import { keyTypeOf, makeKey, subjectOf, validityOf } from './make-key.ts'

/** A store that keys can be added to. */
export function writableStore(
  layout: WritableLayout,
  signerOptions: SignerOptions,
): WritableCertificateStore {
  return {
    ...reading(layout, signerOptions),
    async create(name, options = {}) {
      aString('name', name)
      checkCreate('options', options)
      checkNewName(name)
      const type = keyType(options.keyType ?? 'rsa-2048')
      options.signal?.throwIfAborted()
      const [taken] = await layout.locate(name)
      if (taken !== undefined) throw alreadyExists(name, taken)
      const validity = (options.validityDays ?? 730) * millisecondsPerDay
      const key = await makeKey(name, type.name, options.subject ?? subjectOf(name), validity)
      options.signal?.throwIfAborted()
      const path = layout.pathOf(name, key.certificate)
      const stored = await layout.add(path, name, key)
      if (stored === null) throw alreadyExists(name, path)
      return localSigningKey(stored, signerOptions)
    },
    async importPkcs12(name, pkcs12, password) {
      aString('name', name)
      bytes('pkcs12', pkcs12)
      checkNewName(name)
      const key = await readImportedKey(pkcs12, password)
      // Throws when the key cannot sign: the store writes nothing that it could not open.
      algorithmsOf(key.privateKey)
      const path = layout.pathOf(name, key.certificate)
      const importOnto = (): Promise<StoredKey | null> => renewOwn(layout, signerOptions, name, key)
      // When the file appears meanwhile, another process was faster, perhaps with the same key.
      const stored = (await importOnto()) ?? (await layout.add(path, name, key)) ?? (await importOnto())
      if (stored === null) throw alreadyExists(name, path)
      return localSigningKey(stored, signerOptions)
    },
    async delete(name) {
      aString('name', name)
      if (!(await layout.remove(name))) throw await noSuchKey(layout, name)
    },
  }
}

const checkCreate = createKeyOptions({ validityDays: aWholeNumber(1, 36_500, 'days') })
const millisecondsPerDay = 24 * 60 * 60 * 1000

/**
 * If the name already has the key, gives it the imported certificate.
 *
 * @returns null when the name is free
 * @throws SealwrightError `ALREADY_EXISTS` when another key has the name
 */
async function renewOwn(
  layout: WritableLayout,
  signerOptions: SignerOptions,
  name: string,
  key: Pkcs12Key,
): Promise<StoredKey | null> {
  const keyId = jwkThumbprint(key.privateKey)
  const thumbprint = sha256Thumbprint(key.certificate)
  const opened = await readKeys(layout, signerOptions, { name })
  const [newest] = opened
  if (newest === undefined) return null
  const same = opened.filter((each) => each.key.keyId === keyId)
  const [known] = same
  if (known === undefined) throw alreadyExists(name, newest.key.location)
  const unchanged = same.find(({ stored }) => sha256Thumbprint(stored.file.certificate) === thumbprint)
  return unchanged?.stored ?? layout.renew(known.stored, key)
}

function alreadyExists(name: string, path: string): SealwrightError {
  return new SealwrightError(
    'ALREADY_EXISTS',
    `the key ${JSON.stringify(name)} was not written: ${path} already exists and was not changed`,
  )
}

/** A store whose keys can have several versions. */
export function versionedStore(layout: VersionedLayout, signerOptions: SignerOptions): FolderStore {
  return {
    ...writableStore(layout, signerOptions),
    async rotate(name, options = {}) {
      aString('name', name)
      checkRotate('options', options)
      const { after, signal } = options
      const [newest] = await readKeys(layout, signerOptions, { name, signal })
      if (newest === undefined) throw await noSuchKey(layout, name)
      const { key: old, stored } = newest
      if (after !== undefined && old.version !== after) throw isMade(name, old.location)
      const arrival = timeAfter(stored)
      // The version after the one that was read. If another process makes it first, this call fails.
      const path = layout.pathOfVersion(old.name, stored.number + 1)
      const { certificate } = stored.file
      // A self-signed certificate needs a subject. An imported one may have only subjectAltNames.
      const subject = distinguishedName(certificate) === '' ? subjectOf(old.name) : certificate
      const key = await makeKey(old.name, keyTypeOf(old.publicKey), subject, validityOf(old))
      signal?.throwIfAborted()
      const added = await layout.add(path, old.name, key, arrival)
      if (added === null) throw isMade(name, path)
      return localSigningKey(added, signerOptions)
    },
    async disable(name, version) {
      aString('name', name)
      aString('version', version)
      const opened = await readKeys(layout, signerOptions, { name })
      const [newest] = opened
      if (newest === undefined) throw await noSuchKey(layout, name)
      const found = opened.find(({ key }) => key.version === version.toLowerCase())
      if (found !== undefined) return layout.disable(found.stored)
      throw new SealwrightError(
        'NOT_FOUND',
        `the key ${JSON.stringify(newest.key.name)} in ${layout.folder} has no such version`,
      )
    },
  }
}

const checkRotate = rotateKeyOptions()

/** How far ahead of this machine's clock the newest version may seem to have been made, in milliseconds. */
const toleratedSkew = 60_000

/**
 * The earliest time of arrival that the next version may have: later than that of the newest one, even when the clock was set back. A key
 * ring takes the earliest version for the first, which signs without announcement.
 *
 * @returns milliseconds since 1970
 * @throws SealwrightError `UNAVAILABLE` when the clock is far behind the newest version
 */
function timeAfter({ createdAt, file }: StoredKey): number {
  if (createdAt === null) return 0
  const earliest = createdAt.getTime() + 1
  if (earliest - Date.now() <= toleratedSkew) return earliest
  throw new SealwrightError(
    'UNAVAILABLE',
    `${file.path} was created at ${createdAt.toISOString()}, which is in the future; correct the clock of this machine, then rotate`,
  )
}

function isMade(name: string, path: string): SealwrightError {
  return new SealwrightError(
    'ALREADY_EXISTS',
    `the key ${JSON.stringify(name)} was not rotated: another process has just created ${path}`,
  )
}
