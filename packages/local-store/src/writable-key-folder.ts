import type { X509Certificate } from 'node:crypto'
import { join } from 'node:path'
import {
  algorithmsOf,
  createLocalSigner,
  jwkThumbprint,
  keyType,
  SealwrightError,
  type CreateKeyOptions,
  type KeyDeleter,
  type Pkcs12Importer,
} from '@sealwright/core'
import { createSelfSignedCertificate, generatePrivateKey } from '@sealwright/x509'
import { noKeyNamed } from './find-key.ts'
import { KeyFolder, type CertificateStore } from './key-folder.ts'
import { checkNewName } from './key-name.ts'
import type { WritableLayout } from './layout.ts'
import { localSigningKey, type LocalSigningKey, type SignerOptions } from './local-signing-key.ts'
import { removeFile, writeNewFile } from './new-file.ts'
import { encodePkcs12, readPkcs12Key, type Pkcs12Key } from './pkcs12-file.ts'

/** A {@link CertificateStore} that keys can be put into and taken out of. */
export interface FolderStore extends CertificateStore, Pkcs12Importer, KeyDeleter {
  /**
   * As {@link Pkcs12Importer.importPkcs12}. A key that is there under the name stays with the certificate it has; an
   * expired certificate is imported like any other.
   */
  importPkcs12(name: string, pkcs12: Uint8Array, password: string): Promise<LocalSigningKey>
}

/** A folder that keys are written to and removed from. */
export class WritableKeyFolder extends KeyFolder implements FolderStore {
  readonly #layout: WritableLayout
  readonly #options: SignerOptions

  constructor(layout: WritableLayout, options: SignerOptions) {
    super(layout, options)
    this.#layout = layout
    this.#options = options
  }

  override async create(name: string, options: CreateKeyOptions = {}): Promise<LocalSigningKey> {
    checkNewName(name)
    const type = keyType(options.keyType ?? 'rsa-2048')
    const notAfter = endOfValidity(options.validityDays ?? 730)
    options.signal?.throwIfAborted()
    const [taken] = await this.#layout.locate(name)
    if (taken !== undefined) throw alreadyExists(name, taken)

    const privateKey = await generatePrivateKey(type.name)
    // X.520 allows a common name 64 characters, Key Vault a key 127.
    const subject = options.subject ?? `CN=${name.slice(0, 64)}`
    const certificate = await createSelfSignedCertificate(createLocalSigner(privateKey), {
      subject,
      notAfter,
    })
    options.signal?.throwIfAborted()
    const key = { friendlyName: name, certificate, issuers: [], privateKey }
    const created = await this.#write(name, key)
    if (created === null) throw alreadyExists(name, this.#pathFor(name, certificate))
    return created
  }

  async importPkcs12(name: string, pkcs12: Uint8Array, password: string): Promise<LocalSigningKey> {
    checkNewName(name)
    const key = await readPkcs12Key(pkcs12, password)
    // Throws when the key cannot sign: nothing is written that could not be opened.
    algorithmsOf(key.privateKey)
    return (
      (await this.#sameKey(name, key)) ??
      (await this.#write(name, key)) ??
      // Somebody else was quicker, perhaps with the same key.
      (await this.#sameKey(name, key)) ??
      Promise.reject(alreadyExists(name, this.#pathFor(name, key.certificate)))
    )
  }

  async delete(name: string): Promise<void> {
    const paths = await this.#layout.locate(name)
    const removed = await Promise.all(paths.map(removeFile))
    if (!removed.includes(true)) throw noKeyNamed(name, await this.#layout.read(), [this.#layout])
  }

  /**
   * The key of that name when it is the one to be imported; null when nothing has the name.
   *
   * @throws SealwrightError `ALREADY_EXISTS` when the name is another key's
   */
  async #sameKey(name: string, key: Pkcs12Key): Promise<LocalSigningKey | null> {
    const keyId = jwkThumbprint(key.privateKey)
    const versions = await this.list({ name })
    const same = versions.find((version) => version.keyId === keyId)
    if (same !== undefined) return same
    const [other] = versions
    if (other !== undefined) throw alreadyExists(name, other.location)
    return null
  }

  /** Writes the key; null when its file was there already. */
  async #write(name: string, key: Pkcs12Key): Promise<LocalSigningKey | null> {
    const { folder, password, rule } = this.#layout
    const bytes = await encodePkcs12(name, key, password)
    const modifiedAt = await writeNewFile(folder, rule, this.#layout.fileName(name, key.certificate), bytes)
    if (modifiedAt === null) return null
    const path = this.#pathFor(name, key.certificate)
    return localSigningKey(name, { ...key, path, modifiedAt }, this.#options)
  }

  #pathFor(name: string, certificate: X509Certificate): string {
    return join(this.#layout.folder, this.#layout.fileName(name, certificate))
  }
}

const millisecondsPerDay = 24 * 60 * 60 * 1000
const mostDays = 36_500

function endOfValidity(days: number): Date {
  if (!Number.isInteger(days) || days < 1 || days > mostDays) {
    throw new SealwrightError(
      'INVALID_ARGUMENT',
      `validityDays is ${days}; a certificate is valid for 1 to ${mostDays} whole days`,
    )
  }
  return new Date(Date.now() + days * millisecondsPerDay)
}

function alreadyExists(name: string, path: string): SealwrightError {
  return new SealwrightError(
    'ALREADY_EXISTS',
    `the key ${JSON.stringify(name)} is not written: ${path} is there and stays as it was`,
  )
}
