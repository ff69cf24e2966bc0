import { createPublicKey } from 'node:crypto'
import {
  algorithmsOf,
  isSealwrightError,
  jwkThumbprint,
  SealwrightError,
  type GetKeyOptions,
  type ListKeysOptions,
  type Password,
  type SigningKey,
} from '@sealwright/core'
import {
  aBoolean,
  anObject,
  aString,
  bytes,
  createKeyOptions,
  getKeyOptions,
  listKeysOptions,
  rotateKeyOptions,
  type Check,
} from '@sealwright/core/internal'
import { normalizeDistinguishedName, readKeyFile } from '@sealwright/x509'
import { readKeyAttestation } from '../attestation/read-key-attestation.ts'
import type { KeyAttestation } from '../attestation/verify-key-attestation.ts'
import { isDeletedName } from '../errors/service-errors.ts'
import type { Settings } from '../options.ts'
import { PendingWork } from '../pending-work.ts'
import type { KeyVaultStatus } from '../requests/vault-status.ts'
import { sleep } from '../sleep.ts'
import { vaultAlgorithm } from '../vault/algorithms.ts'
import type { CertificateIssuer, Collection, NewKey } from '../vault/collection.ts'
import type { VaultConnection } from '../vault/connection.ts'
import { vaultKeyType } from '../vault/key-types.ts'
import type { ListedVersion } from '../vault/listed-version.ts'
import { checkName, checkVersion, isVersion } from '../vault-uri.ts'
import { alreadyExists, FirstCreatorWins, stillPending } from './first-creator-wins.ts'
import type { CreateVaultKeyOptions, KeyVaultStore, RotateVaultKeyOptions } from './key-vault-store-types.ts'
import { KnownVersions } from './known-versions.ts'
import { byTimeOfCreation, newestFirst } from './newest-first.ts'
import { mayFollow } from './next-version.ts'
import { subjectAltNames, vaultNames } from './subject-alt-names.ts'

type Signal = AbortSignal | undefined

const defaultValidityDays = 730
/** The service's limit: 1,200 months. */
const longestValidityDays = 36_525

/** Checks {@link CreateVaultKeyOptions}. */
export const createVaultKeyOptions: Check = createKeyOptions({
  hardware: aBoolean,
  issuer: anObject,
  subjectAltNames,
})
const rotateVaultKeyOptions: Check = rotateKeyOptions({ issuer: anObject })

/** A {@link KeyVaultStore}: the rules that both collections share. */
export class VaultStore implements KeyVaultStore {
  readonly location: string
  readonly collection: 'certificates' | 'keys'
  readonly #objects: Collection
  readonly #creators: FirstCreatorWins
  readonly #connection: VaultConnection
  /** Its keys are always in hardware. */
  readonly #isManagedHsm: boolean
  readonly #recoverDeleted: boolean
  readonly #settings: Settings
  readonly #known = new KnownVersions()
  /** Pending reads, by name and version. */
  readonly #reading = new PendingWork<SigningKey | null>()
  /** Pending calls of `getOrCreate`, by name and options. */
  readonly #providing = new PendingWork<SigningKey>()
  /** A number for each issuer, by which {@link #providing} tells them apart. */
  readonly #issuers = new WeakMap<CertificateIssuer, number>()
  #issuersSeen = 0

  constructor(connection: VaultConnection, objects: Collection, isManagedHsm: boolean) {
    const { vaultUrl, settings } = connection
    this.location = `${vaultUrl}/${objects.kind}`
    this.collection = objects.kind
    this.#connection = connection
    this.#objects = objects
    this.#creators = new FirstCreatorWins(objects, this.location, settings)
    this.#isManagedHsm = isManagedHsm
    this.#recoverDeleted = settings.recoverDeleted
    this.#settings = settings
  }

  async get(name: string, options: GetKeyOptions = {}): Promise<SigningKey | null> {
    checkName(name)
    getKeyOptions('options', options)
    const { version, signal } = options
    // The service answers 400 for a malformed version. Such a version cannot exist.
    if (version !== undefined && !isVersion(version)) return null
    const read = (): Promise<SigningKey | null> => this.#read(name, version ?? null, signal)
    // A caller's signal ends the request, so only callers without one can share it.
    return signal === undefined ? this.#reading.share(`${name}/${version ?? ''}`, read) : read()
  }

  async list(options: ListKeysOptions = {}): Promise<readonly SigningKey[]> {
    listKeysOptions('options', options)
    const { name, signal } = options
    if (name !== undefined) checkName(name)
    const names = name === undefined ? await this.#objects.names({ signal }) : [name]
    const keys = await Promise.all(names.map((each) => this.#versions(each, signal)))
    return keys.flat().toSorted(byTimeOfCreation)
  }

  async create(name: string, options: CreateVaultKeyOptions = {}): Promise<SigningKey> {
    checkName(name)
    createVaultKeyOptions('options', options)
    const { signal } = options
    const key = this.#newKey(name, options)
    if ((await this.#objects.find(name, { version: null, signal })) !== null) {
      throw alreadyExists(name, this.location)
    }
    const version = await this.#objects.create(name, key, { signal })
    await this.#creators.settle(name, version, signal)
    return this.#require(name, version, signal)
  }

  async getOrCreate(name: string, options: CreateVaultKeyOptions = {}): Promise<SigningKey> {
    checkName(name)
    createVaultKeyOptions('options', options)
    const provide = (): Promise<SigningKey> => this.#provide(name, options)
    // As in `get`. Callers that ask for different keys under one name share neither a promise nor an error.
    const { keyType, hardware, subject, validityDays, issuer, signal } = options
    const names = options.subjectAltNames
    const key = JSON.stringify([
      name,
      keyType,
      hardware,
      subject,
      validityDays,
      names,
      this.#numberOf(issuer),
    ])
    return signal === undefined ? this.#providing.share(key, provide) : provide()
  }

  #numberOf(issuer: CertificateIssuer | undefined): number {
    if (issuer === undefined) return 0
    const number = this.#issuers.get(issuer) ?? ++this.#issuersSeen
    this.#issuers.set(issuer, number)
    return number
  }

  async #provide(name: string, options: CreateVaultKeyOptions): Promise<SigningKey> {
    const { signal } = options
    const find = (): Promise<SigningKey | 'pending' | null> => this.#find(name, null, signal)
    const found = await this.#creators.read(name, find, signal)
    if (found !== null) return found
    try {
      return await this.create(name, options)
    } catch (error) {
      if (!isSealwrightError(error, 'ALREADY_EXISTS')) throw error
      if (this.#recoverDeleted && isDeletedName(error)) return this.#recover(name, signal)
      // Another creator was first. If there is still no key, a deleted key has the name, as the error says.
      const winner = await this.#creators.read(name, find, signal)
      if (winner === null) throw error
      return winner
    }
  }

  async #recover(name: string, signal: Signal): Promise<SigningKey> {
    const { creationTimeout, pollInterval } = this.#settings
    const giveUpAt = performance.now() + creationTimeout
    for (;;) {
      try {
        // eslint-disable-next-line no-await-in-loop -- asks until it is deleted, and so can be recovered
        await this.#objects.recover(name, { signal })
        break
      } catch (error) {
        // Another process has recovered it.
        if (isSealwrightError(error, 'NOT_FOUND')) break
        if (!isDeletedName(error) || performance.now() > giveUpAt) throw error
      }
      // eslint-disable-next-line no-await-in-loop
      await sleep(pollInterval, signal)
    }
    const newest = await this.#objects.find(name, { version: null, isNew: true, signal })
    const found = newest === null || newest === 'pending' ? null : await this.#find(name, null, signal)
    if (found !== null && found !== 'pending') return found
    throw new SealwrightError(
      'UNAVAILABLE',
      `${name} was recovered in ${this.location}, but it is not available yet`,
      { retryAfter: 10 },
    )
  }

  async rotate(name: string, options: RotateVaultKeyOptions = {}): Promise<SigningKey> {
    checkName(name)
    rotateVaultKeyOptions('options', options)
    const { issuer, after, signal } = options
    await mayFollow(this.#objects, this.location, { name, after, signal })
    const version = await this.#objects.rotate(name, { issuer: issuer ?? null, signal })
    return this.#require(name, version, signal)
  }

  async getKeyAttestation(name: string, options: GetKeyOptions = {}): Promise<KeyAttestation> {
    checkName(name)
    getKeyOptions('options', options)
    const { version, signal } = options
    if (version !== undefined) checkVersion(version)
    if (!this.#isManagedHsm) {
      throw new SealwrightError(
        'UNSUPPORTED_OPERATION',
        `${this.location} is not in a managed HSM, and only managed HSMs attest keys`,
      )
    }
    return readKeyAttestation(this.#connection, name, { version: version ?? null, signal })
  }

  async importPkcs12(name: string, pkcs12: Uint8Array, password: Password): Promise<SigningKey> {
    checkName(name)
    bytes('pkcs12', pkcs12)
    const { keys } = await readKeyFile(pkcs12, password)
    const [key, another] = keys
    if (key === undefined || another !== undefined) {
      throw new SealwrightError(
        'INVALID_ARGUMENT',
        `cannot import ${name}: the file has ${keys.length} private keys; it must have exactly one`,
      )
    }
    const { privateKey, certificates } = key
    const publicKey = createPublicKey(privateKey)
    if (!algorithmsOf(publicKey).some((each) => vaultAlgorithm(each) !== null)) {
      throw new SealwrightError(
        'UNSUPPORTED_KEY',
        `Key Vault does not support ${publicKey.asymmetricKeyType ?? 'such'} keys; it supports RSA and EC keys`,
      )
    }
    if (this.collection === 'certificates' && certificates.length === 0) {
      throw new SealwrightError(
        'INVALID_ARGUMENT',
        `cannot import ${name}: the file has no certificate for its private key; import it into the keys of the vault instead`,
      )
    }
    const existing = await this.#read(name, null, undefined)
    if (existing?.keyId === jwkThumbprint(publicKey)) return existing
    if (existing !== null) throw alreadyExists(name, this.location)
    const version = await this.#objects.import(name, {
      privateKey,
      certificates,
      hardware: this.#isManagedHsm,
    })
    await this.#creators.settle(name, version, undefined)
    return this.#require(name, version, undefined)
  }

  async disable(name: string, version: string): Promise<void> {
    checkName(name)
    aString('version', version)
    if (!isVersion(version)) {
      throw new SealwrightError('NOT_FOUND', `${name} in ${this.location} has no such version`)
    }
    await this.#objects.disable(name, version)
  }

  async delete(name: string): Promise<void> {
    checkName(name)
    await this.#objects.delete(name)
  }

  status(): KeyVaultStatus {
    return this.#connection.status()
  }

  /** @throws SealwrightError before the vault is asked for anything */
  #newKey(name: string, options: CreateVaultKeyOptions): NewKey {
    const { keyType = 'rsa-2048', validityDays = defaultValidityDays, issuer } = options
    const hardware = options.hardware ?? this.#isManagedHsm
    vaultKeyType(keyType, hardware)
    if (!Number.isInteger(validityDays) || validityDays < 1 || validityDays > longestValidityDays) {
      throw new SealwrightError(
        'INVALID_ARGUMENT',
        `validityDays must be a whole number from 1 to ${longestValidityDays}, not ${validityDays}`,
      )
    }
    const subject = normalizeDistinguishedName(options.subject ?? `CN=${name}`)
    const names = vaultNames(options.subjectAltNames ?? [])
    if (this.collection === 'keys' && (issuer !== undefined || names !== null)) {
      throw new SealwrightError(
        'INVALID_ARGUMENT',
        `a bare key has no certificate, so it accepts no ${issuer === undefined ? 'subjectAltNames' : 'issuer'}`,
      )
    }
    return { keyType, hardware, subject, validityDays, names, issuer: issuer ?? null }
  }

  async #read(name: string, version: string | null, signal: Signal): Promise<SigningKey | null> {
    const found = await this.#find(name, version, signal)
    if (found === 'pending') throw stillPending(name, this.location)
    return found
  }

  /** The given version, or else the newest enabled one, or else the newest. */
  async #find(name: string, version: string | null, signal: Signal): Promise<SigningKey | 'pending' | null> {
    const found = await this.#objects.find(name, { version, signal })
    if (found === null || found === 'pending' || found.enabled || version !== null) return found
    const versions = await this.#objects.versions(name, { signal })
    const [newest] = versions.filter((each) => each.enabled).toSorted(newestFirst)
    return newest === undefined ? found : this.#require(name, newest.version, signal)
  }

  async #require(name: string, version: string, signal: Signal): Promise<SigningKey> {
    const key = await this.#objects.find(name, { version, isNew: true, signal })
    if (key === 'pending') throw stillPending(name, this.location)
    if (key !== null) return key
    throw new SealwrightError(
      'UNAVAILABLE',
      `${name}/${version} was just found or created in ${this.location}, but has disappeared`,
    )
  }

  /** The key of a listed version; null when it is absent, pending, or a key for another purpose, which is not an error. */
  async #signingKey(name: string, listed: ListedVersion, signal: Signal): Promise<SigningKey | null> {
    const known = this.#known.get(name, listed)
    if (known !== undefined) return known
    let key: SigningKey | null = null
    try {
      const found = await this.#objects.find(name, { version: listed.version, signal })
      // Not remembered: a part of the service may not have it yet, and a deleted key may be recovered.
      if (found === null || found === 'pending') return null
      key = found
    } catch (error) {
      if (!isSealwrightError(error, 'UNSUPPORTED_KEY')) throw error
    }
    this.#known.add(name, listed, key)
    return key
  }

  /** Every version of that name that is a signing key, newest first. */
  async #versions(name: string, signal: Signal): Promise<readonly SigningKey[]> {
    const versions = await this.#objects.versions(name, { signal })
    const keys = await Promise.all(versions.map((listed) => this.#signingKey(name, listed, signal)))
    this.#known.keepOnly(name, versions)
    const signingKeys = keys.filter((key) => key !== null).toSorted(newestFirst)
    const [first, second] = signingKeys
    if (first === undefined || first.createdAt?.getTime() !== second?.createdAt?.getTime()) return signingKeys
    // Made in the same second: the vault knows which one is the newest.
    const newest = await this.#objects.find(name, { version: null, signal })
    return signingKeys.toSorted((a, b) => rank(a) - rank(b))

    function rank({ version }: SigningKey): number {
      return newest !== null && newest !== 'pending' && newest.version === version ? 0 : 1
    }
  }
}
