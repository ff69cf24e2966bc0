import type { KeyObject, X509Certificate } from 'node:crypto'
import { dirname, join } from 'node:path'
import {
  algorithmsOf,
  createLocalSigner,
  jwkThumbprint,
  SealwrightError,
  type SignatureAlgorithm,
  type SigningKey,
  type SyncSigner,
} from '@sealwright/core'
import { aFunction, type Check } from '@sealwright/core/internal'
import { inFile, withPrivateKey } from '../files/pkcs12-file.ts'
import type { StoredKey } from '../find/stored-key.ts'
import { sha256Thumbprint } from '../find/thumbprint.ts'

/** A signing key of this machine: its signers sign synchronously too. */
export interface LocalSigningKey extends SigningKey {
  /** The SHA-256 thumbprint of the certificate in lower-case hexadecimal. A renewed certificate has another one. */
  readonly version: string
  /** The path of the file. */
  readonly location: string
  /** From the certificate. */
  readonly notBefore: Date
  /** From the certificate. */
  readonly notAfter: Date
  /**
   * When the key came into the folder, as the store recorded it. null for a file that was put there by hand, and in the folders of
   * .NET and App Service: the time of a file may be older than its arrival.
   */
  readonly createdAt: Date | null
  /** false for a version that was disabled when this object was read. */
  readonly enabled: boolean
  signer(algorithm?: string): SyncSigner
}

/** Makes a signer for a private key in memory, such as `createLocalSigner` or the `createSigner` of `@sealwright/jws`. */
export type CreateSigner = (
  privateKey: KeyObject,
  options: { readonly algorithm?: string | undefined },
) => SyncSigner

/** How the keys of a store sign. */
export interface SignerOptions {
  /**
   * Makes the signers of the keys, one for each algorithm that is used. Default: `createLocalSigner`, whose `sign` runs in libuv's
   * threads. The `createSigner` of `@sealwright/jws` signs many tokens at once in threads of its own.
   */
  readonly createSigner?: CreateSigner | undefined
}

/** The members of {@link SignerOptions}. */
export const signerOptions: Readonly<Record<string, Check>> = { createSigner: aFunction }

/**
 * The signing key in a file of a store.
 *
 * @throws SealwrightError `INVALID_ENCODING` when the file holds a certificate alone, `UNSUPPORTED_KEY` when its key cannot
 *   sign a JWS
 */
export function localSigningKey(stored: OpenedFile, { createSigner }: SignerOptions): LocalSigningKey {
  const { privateKey } = withPrivateKey(stored.file)
  const create = createSigner ?? createPlainSigner
  try {
    const record = stored.disabledBy
    return new KeyOfFile(stored, privateKey, record === null ? create : refusing(stored, record))
  } catch (error) {
    throw inFile(stored.file.path, error)
  }
}

type OpenedFile = Pick<StoredKey, 'name' | 'file' | 'createdAt' | 'disabledBy'>

const createPlainSigner: CreateSigner = (privateKey, { algorithm }) =>
  createLocalSigner(privateKey, { algorithm })

/** Makes signers that refuse: those of a disabled key. `record` is the name of the file that disables it. */
function refusing({ name, file }: OpenedFile, record: string): CreateSigner {
  const refuse = (): never => {
    throw new SealwrightError(
      'ACCESS_DENIED',
      `the key ${JSON.stringify(name)} in ${file.path} is disabled; to enable it, remove ${join(dirname(file.path), record)}`,
    )
  }
  return (privateKey, options) => {
    const { algorithm, keyId, publicKey } = createPlainSigner(privateKey, options)
    return { algorithm, keyId, publicKey, sign: async () => refuse(), signSync: refuse }
  }
}

class KeyOfFile implements LocalSigningKey {
  readonly name: string
  readonly version: string
  readonly location: string
  readonly keyId: string
  readonly publicKey: KeyObject
  readonly algorithms: readonly SignatureAlgorithm[]
  readonly certificates: readonly X509Certificate[]
  readonly notBefore: Date
  readonly notAfter: Date
  readonly createdAt: Date | null
  readonly enabled: boolean
  // A #private field, so that no inspection, spread or serialisation shows the key.
  readonly #privateKey: KeyObject
  readonly #createSigner: CreateSigner
  readonly #signers = new Map<string | undefined, SyncSigner>()

  constructor(
    { name, file, createdAt, disabledBy }: OpenedFile,
    privateKey: KeyObject,
    createSigner: CreateSigner,
  ) {
    const { certificate } = file
    this.name = name
    this.version = sha256Thumbprint(certificate).toLowerCase()
    this.location = file.path
    this.algorithms = algorithmsOf(privateKey)
    this.publicKey = certificate.publicKey
    this.keyId = jwkThumbprint(this.publicKey)
    this.certificates = Object.freeze([certificate, ...file.issuers])
    this.notBefore = new Date(certificate.validFrom)
    this.notAfter = new Date(certificate.validTo)
    this.createdAt = createdAt
    this.enabled = disabledBy === null
    this.#privateKey = privateKey
    this.#createSigner = createSigner
  }

  signer(algorithm?: string): SyncSigner {
    const name = algorithm ?? this.algorithms[0]?.name
    const known = this.#signers.get(name)
    if (known !== undefined) return known
    const signer = this.#createSigner(this.#privateKey, { algorithm })
    this.#signers.set(name, signer)
    return signer
  }
}
