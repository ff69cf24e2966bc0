import type { KeyObject, X509Certificate } from 'node:crypto'
import {
  algorithmsOf,
  createLocalSigner,
  jwkThumbprint,
  keyType,
  keyTypes,
  SealwrightError,
  type CreateKeyOptions,
  type KeyTypeName,
  type Password,
  type RotateKeyOptions,
} from '@sealwright/core'
import { createSelfSignedCertificate, distinguishedName, generatePrivateKey } from '@sealwright/x509'
import { readImportedKey, type Pkcs12Key } from '../files/pkcs12-file.ts'
import { checkNewName } from '../find/key-name.ts'
import { sha256Thumbprint } from '../find/thumbprint.ts'
import type { VersionedLayout, WritableLayout } from '../layouts/layout.ts'
import type { KeyReader, OpenedKey } from './key-reader.ts'
import type { LocalSigningKey } from './local-signing-key.ts'

/** Writes keys to a folder and removes them. */
export class KeyWriter {
  readonly #layout: WritableLayout
  readonly #reader: KeyReader

  constructor(layout: WritableLayout, reader: KeyReader) {
    this.#layout = layout
    this.#reader = reader
  }

  async create(name: string, options: CreateKeyOptions = {}): Promise<LocalSigningKey> {
    checkNewName(name)
    const type = keyType(options.keyType ?? 'rsa-2048')
    const validity = validityOf(options.validityDays ?? 730)
    options.signal?.throwIfAborted()
    const [taken] = await this.#layout.locate(name)
    if (taken !== undefined) throw alreadyExists(name, taken)
    const key = await makeKey(name, type.name, options.subject ?? subjectOf(name), validity)
    options.signal?.throwIfAborted()
    const path = this.#layout.pathOf(name, key.certificate)
    return this.#add(path, name, key)
  }

  async importPkcs12(name: string, pkcs12: Uint8Array, password: Password): Promise<LocalSigningKey> {
    checkNewName(name)
    const key = await readImportedKey(pkcs12, password)
    // Throws when the key cannot sign: the store writes nothing that it could not open.
    algorithmsOf(key.privateKey)
    const path = this.#layout.pathOf(name, key.certificate)
    const stored = (await this.#importOnto(name, key)) ?? (await this.#layout.add(path, name, key))
    if (stored !== null) return this.#reader.open(stored)
    // Another process was faster, perhaps with the same key.
    const other = await this.#importOnto(name, key)
    if (other === null) throw alreadyExists(name, path)
    return this.#reader.open(other)
  }

  async delete(name: string): Promise<void> {
    if (!(await this.#layout.remove(name))) throw await this.#reader.absent(name)
  }

  /**
   * The key of that name if it is the one to be imported, with the imported certificate; null when the name is free.
   *
   * @throws SealwrightError `ALREADY_EXISTS` when the name is another key's
   */
  async #importOnto(name: string, key: Pkcs12Key): Promise<OpenedKey['stored'] | null> {
    const keyId = jwkThumbprint(key.privateKey)
    const thumbprint = sha256Thumbprint(key.certificate)
    const opened = await this.#reader.read({ name })
    const [newest] = opened
    if (newest === undefined) return null
    const same = opened.filter((each) => each.key.keyId === keyId)
    const [known] = same
    if (known === undefined) throw alreadyExists(name, newest.key.location)
    const unchanged = same.find(({ stored }) => sha256Thumbprint(stored.file.certificate) === thumbprint)
    return unchanged?.stored ?? this.#layout.renew(known.stored, key)
  }

  async #add(path: string, name: string, key: Pkcs12Key): Promise<LocalSigningKey> {
    const stored = await this.#layout.add(path, name, key)
    if (stored === null) throw alreadyExists(name, path)
    return this.#reader.open(stored)
  }
}

/** Gives keys of a folder further versions, and disables versions. */
export class KeyVersions {
  readonly #layout: VersionedLayout
  readonly #reader: KeyReader

  constructor(layout: VersionedLayout, reader: KeyReader) {
    this.#layout = layout
    this.#reader = reader
  }

  async rotate(name: string, { after, signal }: RotateKeyOptions = {}): Promise<LocalSigningKey> {
    const [newest] = await this.#reader.read({ name, signal })
    if (newest === undefined) throw await this.#reader.absent(name)
    if (after !== undefined && newest.key.version !== after) throw isMade(name, newest.key.location)
    const { name: keyName, publicKey, notBefore, notAfter } = newest.key
    const arrival = timeAfter(newest.stored)
    // The version after the one that was read: another process that makes it first is in the way.
    const path = this.#layout.pathOfVersion(keyName, newest.stored.number + 1)
    const { certificate } = newest.stored.file
    // A self-signed certificate needs a subject. An imported one may have only subjectAltNames.
    const subject = distinguishedName(certificate) === '' ? subjectOf(keyName) : certificate
    const validity = notAfter.getTime() - notBefore.getTime() + oneSecond
    const key = await makeKey(keyName, keyTypeOf(publicKey), subject, validity)
    signal?.throwIfAborted()
    const stored = await this.#layout.add(path, keyName, key, arrival)
    if (stored === null) throw isMade(name, path)
    return this.#reader.open(stored)
  }

  async disable(name: string, version: string): Promise<void> {
    const opened = await this.#reader.read({ name })
    const [newest] = opened
    if (newest === undefined) throw await this.#reader.absent(name)
    const found = opened.find(({ key }) => key.version === version.toLowerCase())
    if (found === undefined) {
      throw new SealwrightError(
        'NOT_FOUND',
        `the key ${JSON.stringify(newest.key.name)} in ${this.#layout.folder} has no such version`,
      )
    }
    await this.#layout.disable(found.stored)
  }
}

/** How far ahead of this machine's clock the newest version may seem to have been made, in milliseconds. */
const toleratedSkew = 60_000

/**
 * The earliest time that the next version may have. The order of the times is the order of the versions, also when the clock
 * was set back: a ring takes the earliest for the first, which signs without announcement.
 *
 * @returns milliseconds since 1970
 * @throws SealwrightError `UNAVAILABLE` when the clock is behind the newest version
 */
function timeAfter({ createdAt, file }: OpenedKey['stored']): number {
  const earliest = (createdAt?.getTime() ?? -1) + 1
  if (earliest - Date.now() <= toleratedSkew) return earliest
  throw new SealwrightError(
    'UNAVAILABLE',
    `${file.path} was made at ${createdAt?.toISOString()}, which is in the future: set the clock of this machine, then rotate`,
  )
}

function isMade(name: string, path: string): SealwrightError {
  return new SealwrightError(
    'ALREADY_EXISTS',
    `the key ${JSON.stringify(name)} was not rotated: another process has just created ${path}`,
  )
}

const millisecondsPerDay = 24 * 60 * 60 * 1000
const mostDays = 36_500

/** Days in milliseconds. */
function validityOf(days: number): number {
  if (!Number.isInteger(days) || days < 1 || days > mostDays) {
    throw new SealwrightError(
      'INVALID_ARGUMENT',
      `validityDays is ${days}; a certificate is valid for 1 to ${mostDays} whole days`,
    )
  }
  return days * millisecondsPerDay
}

/** X.520 allows a common name 64 characters, Key Vault a key 127. */
function subjectOf(name: string): string {
  return `CN=${name.slice(0, 64)}`
}

/** Certificates count in seconds, and the last one is part of the validity (RFC 5280 §4.1.2.5). */
const oneSecond = 1_000

/** The latest time that a certificate can hold. RFC 5280 §4.1.2.5: it has no well-defined end. */
const endOfTime = Date.parse('9999-12-31T23:59:59Z')

/**
 * A new key with its self-signed certificate, valid from now for `validity` milliseconds.
 *
 * @param subject an RFC 4514 string, or a certificate that has the subject
 */
async function makeKey(
  name: string,
  type: KeyTypeName,
  subject: string | X509Certificate,
  validity: number,
): Promise<Pkcs12Key> {
  const privateKey = await generatePrivateKey(type)
  const now = Math.floor(Date.now() / oneSecond) * oneSecond
  const notBefore = new Date(now)
  const notAfter = new Date(Math.min(now + validity - oneSecond, endOfTime))
  const signer = createLocalSigner(privateKey)
  const certificate = await createSelfSignedCertificate(signer, { subject, notBefore, notAfter })
  return { friendlyName: name, certificate, issuers: [], privateKey }
}

/** The type of an existing key. RSA keys of an unusual length count as the next longer type. */
function keyTypeOf(publicKey: KeyObject): KeyTypeName {
  const [algorithm] = algorithmsOf(publicKey)
  const length = publicKey.asymmetricKeyDetails?.modulusLength ?? 0
  const types = keyTypes.filter(({ defaultAlgorithm }) => defaultAlgorithm === algorithm?.name)
  const type = types.find(({ modulusLength }) => modulusLength === null || modulusLength >= length)
  return (type ?? types.at(-1) ?? keyType('rsa-2048')).name
}

function alreadyExists(name: string, path: string): SealwrightError {
  return new SealwrightError(
    'ALREADY_EXISTS',
    `the key ${JSON.stringify(name)} was not written: ${path} already exists and was not changed`,
  )
}
