import type { KeyObject, X509Certificate } from 'node:crypto'
import {
  algorithmsOf,
  createLocalSigner,
  jwkThumbprint,
  type SignatureAlgorithm,
  type SigningKey,
  type SyncSigner,
} from '@sealwright/core'
import { inFile, withPrivateKey, type CertificateFile } from './pkcs12-file.ts'
import { sha256Thumbprint } from './thumbprint.ts'

/** A signing key of this machine: its signers sign synchronously too. */
export interface LocalSigningKey extends SigningKey {
  /** The SHA-256 thumbprint of the certificate in lower-case hexadecimal: renewing it makes another version. */
  readonly version: string
  /** The path of the file. */
  readonly location: string
  /** When the file was last modified; the same on every machine that shares the folder. */
  readonly createdAt: Date
  signer(algorithm?: string): SyncSigner
}

/** Makes a signer over a private key in memory, as `createLocalSigner` and the `createSigner` of `@sealwright/jws` do. */
export type CreateSigner = (
  privateKey: KeyObject,
  options: { readonly algorithm?: string | undefined },
) => SyncSigner

export interface SignerOptions {
  /**
   * Makes the signers of the keys, one for each algorithm that is asked for. Default: `createLocalSigner`, whose `sign` runs
   * in libuv's threads. With the `createSigner` of `@sealwright/jws`, many tokens at once are signed in threads of their own.
   */
  readonly createSigner?: CreateSigner | undefined
}

/**
 * The signing key that a file holds.
 *
 * @param name what its store calls it
 * @throws SealwrightError `INVALID_ENCODING` when the file holds a certificate alone, `UNSUPPORTED_KEY` when its key cannot
 *   sign a JWS
 */
export function localSigningKey(
  name: string,
  file: CertificateFile,
  { createSigner }: SignerOptions,
): LocalSigningKey {
  const { privateKey } = withPrivateKey(file)
  try {
    return new KeyOfFile(name, file, privateKey, createSigner ?? createPlainSigner)
  } catch (error) {
    throw inFile(file.path, error)
  }
}

const createPlainSigner: CreateSigner = (privateKey, { algorithm }) =>
  createLocalSigner(privateKey, algorithm)

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
  readonly createdAt: Date
  readonly enabled = true
  // Private by language, so that no inspection, spread or serialisation shows the key.
  readonly #privateKey: KeyObject
  readonly #createSigner: CreateSigner
  readonly #signers = new Map<string, SyncSigner>()

  constructor(name: string, file: CertificateFile, privateKey: KeyObject, createSigner: CreateSigner) {
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
    this.createdAt = file.modifiedAt
    this.#privateKey = privateKey
    this.#createSigner = createSigner
  }

  signer(algorithm?: string): SyncSigner {
    const name = algorithm ?? this.algorithms[0]?.name ?? ''
    const known = this.#signers.get(name)
    if (known !== undefined) return known
    const signer = this.#createSigner(this.#privateKey, { algorithm })
    this.#signers.set(name, signer)
    return signer
  }
}
