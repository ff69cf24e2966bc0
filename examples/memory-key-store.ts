// A key store of your own, with what @sealwright/backend-contract requires and nothing else.
import { randomUUID } from 'node:crypto'
import {
  algorithmsOf,
  createLocalSigner,
  SealwrightError,
  type CreateKeyOptions,
  type GetKeyOptions,
  type KeyStore,
  type ListKeysOptions,
  type SigningKey,
} from '@sealwright/core'
import { createSelfSignedCertificate, generatePrivateKey } from '@sealwright/x509'

export class MemoryKeyStore implements KeyStore {
  readonly location = 'the memory of this process'
  readonly #keys: Map<string, SigningKey>

  /** @param keys shared with other instances, as a folder or a vault would be */
  constructor(keys: Map<string, SigningKey> = new Map()) {
    this.#keys = keys
  }

  async get(name: string, { version, signal }: GetKeyOptions = {}): Promise<SigningKey | null> {
    signal?.throwIfAborted()
    const key = this.#keys.get(checked(name))
    return key === undefined || (version !== undefined && version !== key.version) ? null : key
  }

  async list({ name, signal }: ListKeysOptions = {}): Promise<readonly SigningKey[]> {
    signal?.throwIfAborted()
    if (name !== undefined) checked(name)
    return [...this.#keys.values()].filter((key) => name === undefined || key.name === name).toReversed()
  }

  async create(name: string, options: CreateKeyOptions = {}): Promise<SigningKey> {
    const { keyType = 'rsa-2048', subject = `CN=${checked(name)}`, validityDays = 730, signal } = options
    const days = Number.isInteger(validityDays) && validityDays < 1e5 ? validityDays : 0
    const notBefore = new Date()
    const notAfter = new Date(notBefore.getTime() + days * 24 * 60 * 60 * 1_000)
    signal?.throwIfAborted()
    const privateKey = await generatePrivateKey(keyType)
    const signer = createLocalSigner(privateKey)
    const certificate = await createSelfSignedCertificate(signer, { subject, notBefore, notAfter })
    const { keyId, publicKey } = signer
    const key: SigningKey = {
      name,
      version: randomUUID(),
      location: this.location,
      keyId,
      publicKey,
      algorithms: algorithmsOf(publicKey),
      certificates: [certificate],
      notBefore: new Date(certificate.validFrom),
      notAfter: new Date(certificate.validTo),
      enforcesValidity: false,
      createdAt: notBefore,
      enabled: true,
      signer: (algorithm) => createLocalSigner(privateKey, { algorithm }),
    }
    // There is no await between this check and the next line, so the first of several callers wins.
    if (this.#keys.has(name)) throw new SealwrightError('ALREADY_EXISTS', `${name} already exists in memory`)
    this.#keys.set(name, key)
    return key
  }
}

function checked(name: string): string {
  if (typeof name === 'string' && /^[\w-]{1,100}$/.test(name)) return name
  throw new SealwrightError(
    'INVALID_ARGUMENT',
    'a key name has 1 to 100 letters, digits, underscores and hyphens',
  )
}
