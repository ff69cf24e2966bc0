import type { KeyObject } from 'node:crypto'
import { dirname, join } from 'node:path'
import {
  algorithmsOf,
  createLocalSigner,
  SealwrightError,
  type SigningKey,
  type SyncSigner,
} from '@sealwright/core'
import { aFunction, type Check } from '@sealwright/core/internal'
import { inFile, withPrivateKey } from '../files/pkcs12-file.ts'
import type { StoredKey } from '../find/stored-key.ts'
import { keyIdOf, sha256Thumbprint } from '../find/thumbprint.ts'

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
  readonly enforcesValidity: false
  /**
   * When the key came into the folder, as the store recorded it. null for a file that was put there by hand, and in the folders of
   * .NET and App Service: the time of a file may be older than its arrival.
   */
  readonly createdAt: Date | null
  /** false for a version that was disabled when this object was read. */
  readonly enabled: boolean
  signer(algorithm?: string): SyncSigner
}

/** Creates a signer for a private key in memory, such as `createLocalSigner` or the `createSigner` of `@sealwright/jws`. */
export type CreateSigner = (
  privateKey: KeyObject,
  options: { readonly algorithm?: string | undefined },
) => SyncSigner

/** How the keys of a store sign. */
export interface SignerOptions {
  /**
   * Creates the signers of the keys, one for each algorithm that is used. Default: `createLocalSigner`, whose `sign` runs in libuv's
   * threads. The `createSigner` of `@sealwright/jws` signs many tokens at once in threads of its own.
   */
  readonly createSigner?: CreateSigner | undefined
}

/** The members of {@link SignerOptions}. */
export const signerOptions: Readonly<Record<string, Check>> = { createSigner: aFunction }

/**
 * The signing key in a file of a store.
 *
 * @throws SealwrightError `INVALID_ENCODING` when the file holds only a certificate, `UNSUPPORTED_KEY` when its key cannot
 *   sign a JWS
 */
export function localSigningKey(stored: StoredKey, options: SignerOptions): LocalSigningKey {
  const { name, file, createdAt, disabledBy } = stored
  // It stays in this scope, so that no inspection, spread or serialisation of the key shows it.
  const { privateKey } = withPrivateKey(file)
  const { createSigner = createLocalSigner } = options
  const create = disabledBy === null ? createSigner : refusing(stored, disabledBy)
  const signers = new Map<string | undefined, SyncSigner>()
  try {
    const algorithms = algorithmsOf(privateKey)
    const { publicKey, validFrom, validTo } = file.certificate
    return {
      name,
      version: sha256Thumbprint(file.certificate).toLowerCase(),
      location: file.path,
      keyId: keyIdOf(file.certificate),
      publicKey,
      algorithms,
      certificates: Object.freeze([file.certificate, ...file.issuers]),
      notBefore: new Date(validFrom),
      notAfter: new Date(validTo),
      enforcesValidity: false,
      createdAt,
      enabled: disabledBy === null,
      signer(algorithm) {
        const id = algorithm ?? algorithms[0]?.name
        const signer = signers.get(id) ?? create(privateKey, { algorithm })
        signers.set(id, signer)
        return signer
      },
    }
  } catch (error) {
    throw inFile(file.path, error)
  }
}

/** Creates signers that refuse to sign: those of a disabled key. `record` is the name of the file that disables it. */
function refusing({ name, file }: StoredKey, record: string): CreateSigner {
  const refuse = (): never => {
    throw new SealwrightError(
      'ACCESS_DENIED',
      `the key ${JSON.stringify(name)} in ${file.path} is disabled; to enable it, remove ${join(dirname(file.path), record)}`,
    )
  }
  return (privateKey, options) => {
    const { algorithm, keyId, publicKey } = createLocalSigner(privateKey, options)
    return { algorithm, keyId, publicKey, sign: async () => refuse(), signSync: refuse }
  }
}
