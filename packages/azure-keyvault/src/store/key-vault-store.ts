import { createPublicKey } from 'node:crypto'
import {
  algorithmsOf,
  isSealwrightError,
  jwkThumbprint,
  SealwrightError,
  type CreateKeyOptions,
  type GetKeyOptions,
  type KeyDeleter,
  type KeyRotator,
  type KeyStore,
  type ListKeysOptions,
  type Pkcs12Importer,
  type RotateKeyOptions,
  type SigningKey,
} from '@sealwright/core'
import { normalizeDistinguishedName, readPkcs12 } from '@sealwright/x509'
import { vaultAlgorithm } from '../vault/algorithms.ts'
import type { CertificateIssuer, Collection, NewKey } from '../vault/collection.ts'
import type { VersionRecord } from '../vault/records.ts'
import { sleep } from '../timing.ts'
import type { VaultClient } from '../vault/connection.ts'
import { vaultKeyType } from '../vault/key-types.ts'
import { checkName, checkVersion } from '../vault-uri.ts'

type Signal = AbortSignal | undefined

/**
 * The signing keys of one vault. Private keys are made in it or imported into it and are not exportable; nothing here
 * ever asks for one.
 */
export interface KeyVaultStore extends KeyStore, Pkcs12Importer, KeyDeleter, KeyRotator {
  readonly collection: 'certificates' | 'keys'
  /**
   * Makes a key in the vault. In the collection `certificates` it comes with a certificate; a bare key comes with none,
   * and `createSelfSignedCertificate` of @sealwright/x509 makes one with its signer.
   */
  create(name: string, options?: CreateVaultKeyOptions): Promise<SigningKey>
  /**
   * The key of that name, made when, and only when, it is proven absent. Of several callers at once one makes it and the
   * others get the same one; a certificate that is just being made is waited for.
   */
  getOrCreate(name: string, options?: CreateVaultKeyOptions): Promise<SigningKey>
  rotate(name: string, options?: RotateVaultKeyOptions): Promise<SigningKey>
}

export interface CreateVaultKeyOptions extends CreateKeyOptions {
  /** Whether the vault keeps the key in a hardware module; takes a premium vault. Default false; always so in a managed HSM. */
  readonly hardware?: boolean | undefined
  /** Signs the certificate. Left out, the vault signs it with the key itself. */
  readonly issuer?: CertificateIssuer | undefined
}

export interface RotateVaultKeyOptions extends RotateKeyOptions {
  /** Signs the certificate, where the vault does not sign it with the key itself. */
  readonly issuer?: CertificateIssuer | undefined
}

const defaultValidityDays = 730
/** What the service takes: 1,200 months. */
const longestValidityDays = 36_525

export class VaultStore implements KeyVaultStore {
  readonly location: string
  readonly collection: 'certificates' | 'keys'
  readonly #client: VaultClient
  readonly #objects: Collection
  readonly #hardware: boolean
  /** Reads under way, by name and version, for those who want the same at the same time. */
  readonly #reading = new Map<string, Promise<SigningKey | null>>()
  /** What `getOrCreate` is about, by name, for those who want the same. */
  readonly #providing = new Map<string, { options: CreateVaultKeyOptions; key: Promise<SigningKey> }>()

  /** @param hardware whether keys are kept in hardware unless told otherwise */
  constructor(client: VaultClient, objects: Collection, hardware: boolean) {
    this.location = `${client.vaultUrl}/${objects.kind}`
    this.collection = objects.kind
    this.#client = client
    this.#objects = objects
    this.#hardware = hardware
  }

  async get(name: string, options: GetKeyOptions = {}): Promise<SigningKey | null> {
    const { version, signal } = options
    checkName(name)
    if (version !== undefined) {
      // The service calls a malformed version a bad request. There is none of it, which is all that was asked.
      if (!isVersion(version)) return null
    }
    // A caller's signal ends the request, so only those who bring none can share one.
    if (signal !== undefined) return this.#read(name, version ?? null, signal)
    const key = `${name}/${version ?? ''}`
    const underWay = this.#reading.get(key)
    if (underWay !== undefined) return underWay
    const reading = this.#read(name, version ?? null, undefined).finally(() => this.#reading.delete(key))
    this.#reading.set(key, reading)
    return reading
  }

  async list(options: ListKeysOptions = {}): Promise<readonly SigningKey[]> {
    const { name, signal } = options
    if (name !== undefined) checkName(name)
    const names = name === undefined ? await this.#objects.names(signal) : [name]
    const keys = await Promise.all(names.map((each) => this.#versions(each, signal)))
    return keys.flat().toSorted(byTimeOfCreation)
  }

  async create(name: string, options: CreateVaultKeyOptions = {}): Promise<SigningKey> {
    const { signal } = options
    checkName(name)
    const key = this.#newKey(name, options)
    if ((await this.#objects.find(name, null, signal)) !== null) throw this.#alreadyExists(name)
    const version = await this.#objects.create(name, key, signal)
    await this.#makeSureToBeFirst(name, version, signal)
    return this.#require(name, version, signal)
  }

  async getOrCreate(name: string, options: CreateVaultKeyOptions = {}): Promise<SigningKey> {
    // As with reading: a caller's signal ends the work, so only those who bring none can share it.
    if (options.signal !== undefined) return this.#provide(name, options)
    const underWay = this.#providing.get(name)
    if (underWay !== undefined) {
      return isSameKey(underWay.options, options) ? underWay.key : this.#provide(name, options)
    }
    const key = this.#provide(name, options).finally(() => this.#providing.delete(name))
    this.#providing.set(name, { options, key })
    return key
  }

  async #provide(name: string, options: CreateVaultKeyOptions): Promise<SigningKey> {
    const { signal } = options
    const found = await this.#readWhenSettled(name, signal)
    if (found !== null) return found
    try {
      return await this.create(name, options)
    } catch (error) {
      if (!isSealwrightError(error, 'ALREADY_EXISTS')) throw error
      // Somebody was quicker. When there still is none, the name is taken by one that is deleted, as the error says.
      const theirs = await this.#readWhenSettled(name, signal)
      if (theirs === null) throw error
      return theirs
    }
  }

  async rotate(name: string, options: RotateVaultKeyOptions = {}): Promise<SigningKey> {
    checkName(name)
    const version = await this.#objects.rotate(name, options.issuer ?? null, options.signal)
    return this.#require(name, version, options.signal)
  }

  async importPkcs12(name: string, pkcs12: Uint8Array, password: string): Promise<SigningKey> {
    checkName(name)
    const { keys } = await readPkcs12(pkcs12, password)
    const [key, another] = keys
    if (key === undefined || another !== undefined) {
      throw new SealwrightError(
        'INVALID_ARGUMENT',
        `the PKCS#12 file holds ${keys.length} private keys; one can be imported as ${name}`,
      )
    }
    const { privateKey, certificates } = key
    const publicKey = createPublicKey(privateKey)
    if (!algorithmsOf(publicKey).some((each) => vaultAlgorithm(each) !== null)) {
      throw new SealwrightError(
        'UNSUPPORTED_KEY',
        `Key Vault has no ${publicKey.asymmetricKeyType ?? 'such'} keys; it has RSA and EC keys`,
      )
    }
    if (this.collection === 'certificates' && certificates.length === 0) {
      throw new SealwrightError(
        'INVALID_ARGUMENT',
        'the PKCS#12 file has no certificate of its private key; import it into the keys of the vault instead',
      )
    }
    const existing = await this.#read(name, null, undefined)
    if (existing?.keyId === jwkThumbprint(publicKey)) return existing
    if (existing !== null) throw this.#alreadyExists(name)
    const version = await this.#objects.import(name, privateKey, certificates, this.#hardware, undefined)
    await this.#makeSureToBeFirst(name, version, undefined)
    return this.#require(name, version, undefined)
  }

  async delete(name: string): Promise<void> {
    checkName(name)
    await this.#objects.delete(name, undefined)
  }

  /** @throws SealwrightError before anything is asked of the vault */
  #newKey(name: string, options: CreateVaultKeyOptions): NewKey {
    const { keyType = 'rsa-2048', validityDays = defaultValidityDays, issuer } = options
    const hardware = options.hardware ?? this.#hardware
    vaultKeyType(keyType, hardware)
    if (!Number.isInteger(validityDays) || validityDays < 1 || validityDays > longestValidityDays) {
      throw new SealwrightError(
        'INVALID_ARGUMENT',
        `validityDays is ${validityDays}; a whole number from 1 to ${longestValidityDays} is expected`,
      )
    }
    const subject = normalizeDistinguishedName(options.subject ?? `CN=${name}`)
    if (issuer !== undefined && this.collection === 'keys') {
      throw new SealwrightError(
        'INVALID_ARGUMENT',
        'a bare key gets no certificate that an issuer could sign',
      )
    }
    return { keyType, hardware, subject, validityDays, issuer: issuer ?? null }
  }

  async #read(name: string, version: string | null, signal: Signal): Promise<SigningKey | null> {
    const found = await this.#find(name, version, signal)
    if (found === 'pending') throw this.#pending(name)
    return found
  }

  /** A version, or of several the newest enabled one; when all are disabled, the newest. */
  async #find(name: string, version: string | null, signal: Signal): Promise<SigningKey | 'pending' | null> {
    const found = await this.#objects.find(name, version, signal)
    if (found === null || found === 'pending' || found.enabled || version !== null) return found
    const versions = await this.#objects.versions(name, signal)
    const [newest] = versions.filter((each) => each.enabled).toSorted(newestFirst)
    return newest === undefined ? found : this.#require(name, newest.version, signal)
  }

  /**
   * The key that stays. One that was made this moment may be that of somebody who looks back just now, finds to have come
   * second, and takes it out of use.
   */
  async #readWhenSettled(name: string, signal: Signal): Promise<SigningKey | null> {
    const { settleTime } = this.#client.settings
    const found = await this.#readWhenIssued(name, signal)
    // The service tells whole seconds, and its clock is not ours.
    const isYoung = (found?.createdAt?.getTime() ?? 0) > Date.now() - 3 * settleTime - 1_000
    if (!isYoung) return found
    await sleep(2 * settleTime, signal)
    return this.#readWhenIssued(name, signal)
  }

  async #readWhenIssued(name: string, signal: Signal): Promise<SigningKey | null> {
    const { creationTimeout, pollInterval } = this.#client.settings
    const giveUpAt = performance.now() + creationTimeout
    for (;;) {
      // eslint-disable-next-line no-await-in-loop -- asks until the answer changes
      const found = await this.#find(name, null, signal)
      if (found !== 'pending') return found
      if (performance.now() > giveUpAt) throw this.#pending(name)
      // eslint-disable-next-line no-await-in-loop
      await sleep(pollInterval, signal)
    }
  }

  async #require(name: string, version: string, signal: Signal): Promise<SigningKey> {
    const key = await this.#objects.find(name, version, signal)
    if (key === 'pending') throw this.#pending(name)
    if (key !== null) return key
    throw new SealwrightError(
      'UNAVAILABLE',
      `${name}/${version} was in ${this.location} a moment ago and is not now`,
    )
  }

  /** Every version of that name that is a signing key, newest first. */
  async #versions(name: string, signal: Signal): Promise<readonly SigningKey[]> {
    const versions = await this.#objects.versions(name, signal)
    const keys = await Promise.all(
      versions.map(async ({ version }) => {
        try {
          return await this.#objects.find(name, version, signal)
        } catch (error) {
          // A vault also has keys for other purposes. They are not signing keys, and not an error either.
          if (isSealwrightError(error, 'UNSUPPORTED_KEY')) return null
          throw error
        }
      }),
    )
    const signingKeys = keys.filter((key) => key !== null && key !== 'pending').toSorted(newestFirst)
    const [first, second] = signingKeys
    if (first === undefined || first.createdAt?.getTime() !== second?.createdAt?.getTime()) return signingKeys
    // Made in the same second: the vault knows which one is the newest.
    const newest = await this.#objects.find(name, null, signal)
    return signingKeys.toSorted((a, b) => rank(a) - rank(b))

    function rank({ version }: SigningKey): number {
      return newest !== null && newest !== 'pending' && newest.version === version ? 0 : 1
    }
  }

  /**
   * The service makes a further version where there is one already, and has no way to be told not to. So whoever made one
   * looks back: the first version is its maker's, and whoever came after takes the own one out of use. Times of creation
   * are in whole seconds. After a second has passed, all see the same versions, and of those made in one second the one
   * with the smallest id is the first for everybody.
   */
  async #makeSureToBeFirst(name: string, version: string, signal: Signal): Promise<void> {
    await sleep(this.#client.settings.settleTime, signal)
    let versions: readonly VersionRecord[]
    try {
      versions = await this.#objects.versions(name, signal)
    } catch (error) {
      // Without the permission to list, the service's own refusal while another one is pending has to do.
      if (isSealwrightError(error, 'ACCESS_DENIED')) return
      throw error
    }
    const first = versions.toSorted(newestFirst).at(-1)
    if (first === undefined || first.version === version) return
    try {
      await this.#objects.disable(name, version, undefined)
    } catch (cause) {
      throw new SealwrightError(
        'ALREADY_EXISTS',
        `somebody else made ${name} in ${this.location} at the same time; version ${version} should be disabled, which failed`,
        { cause },
      )
    }
    throw this.#alreadyExists(name)
  }

  #alreadyExists(name: string): SealwrightError {
    return new SealwrightError(
      'ALREADY_EXISTS',
      `${name} is in ${this.location} already and was left as it is`,
    )
  }

  #pending(name: string): SealwrightError {
    return new SealwrightError(
      'UNAVAILABLE',
      `${name} in ${this.location} is pending: the vault is still making it`,
      { retryAfter: 10 },
    )
  }
}

function isVersion(version: string): boolean {
  try {
    checkVersion(version)
    return true
  } catch {
    return false
  }
}

/** Whether both ask for the same key to be made; otherwise one must not get the other's, nor its error. */
function isSameKey(a: CreateVaultKeyOptions, b: CreateVaultKeyOptions): boolean {
  return (
    a.keyType === b.keyType &&
    a.hardware === b.hardware &&
    a.subject === b.subject &&
    a.validityDays === b.validityDays &&
    a.issuer === b.issuer
  )
}

type Dated = Pick<VersionRecord, 'version' | 'createdAt'>

/** Newest first. Sorting is stable: those of one second stay as they were. */
function byTimeOfCreation(a: Dated, b: Dated): number {
  return (b.createdAt?.getTime() ?? 0) - (a.createdAt?.getTime() ?? 0)
}

/** Newest first, by id among those of one second: the same order for everybody. */
function newestFirst(a: Dated, b: Dated): number {
  return byTimeOfCreation(a, b) || (a.version < b.version ? 1 : -1)
}
