import type { KeyObject, X509Certificate } from 'node:crypto'
import {
  algorithmsOf,
  createLocalSigner,
  SealwrightError,
  type CreateKeyOptions,
  type KeyDisabler,
  type KeyRotator,
  type KeyStore,
  type KeyTypeName,
  type ListKeysOptions,
  type RotateKeyOptions,
  type SigningKey,
} from '@sealwright/core'
import { createSelfSignedCertificate, generatePrivateKey } from '@sealwright/x509'

let made = 0
let busy = 0

/** Whether a key is being made somewhere, which takes real time. */
export const isBusy = (): boolean => busy > 0

type Mutable<T> = { -readonly [K in keyof T]: T[K] }

/** A store that several rings in one process share, and that does what a test wants of it. */
export class MemoryStore implements KeyStore, KeyRotator, KeyDisabler {
  readonly location: string
  readonly versions: Mutable<SigningKey>[] = []
  /** Thrown by everything while it is set. */
  outage: Error | null = null
  /** Thrown by whatever writes while it is set. */
  readOnly = false
  /** Whether a version is followed by one at most, as in every store of ours. */
  hasOneNext = true
  lists = 0
  signatures = 0
  readonly #reserved = new Set<string>()

  constructor(location = 'memory') {
    this.location = location
  }

  async get(name: string): Promise<SigningKey | null> {
    const [newest] = await this.list({ name })
    return newest ?? null
  }

  async list({ name }: ListKeysOptions = {}): Promise<readonly SigningKey[]> {
    this.lists++
    if (this.outage !== null) throw this.outage
    return this.versions.filter((version) => name === undefined || version.name === name).toReversed()
  }

  async create(name: string, options: CreateKeyOptions = {}): Promise<SigningKey> {
    // Nothing is awaited between the look and the reservation, so of several callers the first one wins.
    if (this.#reserved.has(name) || this.versions.some((version) => version.name === name)) {
      throw new SealwrightError('ALREADY_EXISTS', `${name} is in ${this.location} already`)
    }
    this.#reserved.add(name)
    return this.add(name, options)
  }

  async rotate(name: string, { after }: RotateKeyOptions = {}): Promise<SigningKey> {
    const newest = await this.get(name)
    if (newest === null) throw new SealwrightError('NOT_FOUND', `there is no ${name} in ${this.location}`)
    // As in `create`: of several callers who follow one version the first one wins.
    const next = `${name} after ${newest.version}`
    if (this.hasOneNext && ((after !== undefined && after !== newest.version) || this.#reserved.has(next)))
      throw new SealwrightError('ALREADY_EXISTS', `${name} in ${this.location} has another version already`)
    if (!this.readOnly) this.#reserved.add(next)
    const kty = newest.algorithms[0]?.kty
    return this.add(name, { keyType: kty === 'RSA' ? 'rsa-2048' : 'ec-p256' })
  }

  async disable(name: string, version: string): Promise<void> {
    if (this.readOnly) throw new SealwrightError('ACCESS_DENIED', `${this.location} is read-only`)
    const found = this.versions.find((each) => each.name === name && each.version === version)
    if (found === undefined) throw new SealwrightError('NOT_FOUND', `${this.location} has no such version`)
    found.enabled = false
  }

  /** Adds a version, whatever is there. */
  async add(
    name: string,
    { keyType = 'ec-p256', validityDays = 730 }: CreateKeyOptions = {},
    privateKey?: KeyObject,
  ): Promise<Mutable<SigningKey>> {
    if (this.outage !== null) throw this.outage
    if (this.readOnly) throw new SealwrightError('ACCESS_DENIED', `${this.location} is read-only`)
    const { key, certificate, notAfter } = await makeKey(name, keyType, validityDays, privateKey)
    const { publicKey, keyId } = createLocalSigner(key)
    const version: Mutable<SigningKey> = {
      name,
      // In the order of their creation, also of those that are made in the same millisecond.
      version: String(++made).padStart(8, '0'),
      location: `${this.location}/${name}`,
      keyId,
      publicKey,
      algorithms: algorithmsOf(publicKey),
      certificates: [certificate],
      notBefore: null,
      notAfter,
      enforcesValidity: false,
      createdAt: new Date(),
      enabled: true,
      signer: (algorithm) => {
        const plain = createLocalSigner(key, { algorithm })
        return {
          algorithm: plain.algorithm,
          keyId,
          publicKey,
          sign: (data, options) => {
            this.signatures++
            return plain.sign(data, options)
          },
          signSync: (data: Uint8Array) => plain.signSync(data),
        }
      },
    }
    this.versions.push(version)
    return version
  }
}

async function makeKey(
  name: string,
  keyType: KeyTypeName,
  validityDays: number,
  privateKey?: KeyObject,
): Promise<{ key: KeyObject; certificate: X509Certificate; notAfter: Date }> {
  busy++
  try {
    const key = privateKey ?? (await generatePrivateKey(keyType))
    const notBefore = new Date()
    const notAfter = new Date(notBefore.getTime() + validityDays * 86_400_000)
    const options = { subject: `CN=${name}`, notBefore, notAfter }
    return { key, certificate: await createSelfSignedCertificate(createLocalSigner(key), options), notAfter }
  } finally {
    busy--
  }
}
