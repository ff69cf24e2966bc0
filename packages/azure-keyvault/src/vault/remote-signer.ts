import { createHash, verify, type KeyObject } from 'node:crypto'
import { SealwrightError, type SignatureAlgorithm, type Signer, type SignOptions } from '@sealwright/core'
import { bytes, signOptions } from '@sealwright/core/internal'
import { signingCost } from '../requests/quota-costs.ts'
import { namesVersion } from '../vault-uri.ts'
import { vaultAlgorithm } from './algorithms.ts'
import type { VaultConnection } from './connection.ts'

/** The part of a connection that a signer uses. */
export type SigningConnection = Pick<VaultConnection, 'vaultUrl' | 'sign'>

/** One version of a key in a vault: it makes each signature, and each is verified with its public key. */
export interface PinnedKey {
  readonly name: string
  readonly version: string
  readonly keyId: string
  readonly publicKey: KeyObject
  readonly isInHardware: boolean
  /** null when the vault does not say. */
  readonly createdAt: Date | null
}

/** The time, in milliseconds, after which every part of the service knows a new key. Its clock is not ours. */
const youth = 60_000

/**
 * Signs in the vault. The data is hashed here, and only its digest is sent. The signature is verified with the public
 * key before it is returned. The version is pinned: a rotation changes nothing for this signer.
 */
export class RemoteSigner implements Signer {
  readonly algorithm: SignatureAlgorithm
  readonly keyId: string
  readonly publicKey: KeyObject
  readonly #connection: SigningConnection
  readonly #key: PinnedKey
  readonly #cost: number

  constructor(connection: SigningConnection, key: PinnedKey, algorithm: SignatureAlgorithm) {
    this.algorithm = algorithm
    this.keyId = key.keyId
    this.publicKey = key.publicKey
    this.#connection = connection
    this.#key = key
    this.#cost = signingCost(key.publicKey.asymmetricKeyDetails?.modulusLength ?? null, key.isInHardware)
  }

  async sign(data: Uint8Array, options?: SignOptions): Promise<Uint8Array> {
    bytes('data', data)
    if (options !== undefined) signOptions('options', options)
    // The caller may reuse its buffer before the vault answers and the signature is verified.
    const signedData = Uint8Array.from(data)
    const { digest, name } = this.algorithm
    const algorithm = vaultAlgorithm(this.algorithm)
    if (digest === null || algorithm === null) {
      throw new SealwrightError('UNSUPPORTED_ALGORITHM', `Key Vault cannot sign ${name}`)
    }
    const answer = await this.#connection.sign({
      name: this.#key.name,
      version: this.#key.version,
      algorithm,
      digest: createHash(digest).update(signedData).digest(),
      cost: this.#cost,
      isNew: isNew(this.#key.createdAt),
      signal: options?.signal,
    })
    this.#checkKeyId(answer.keyId)
    const { signature } = answer
    if (signature === null) throw this.#invalid('the response has no signature')
    await this.#checkSignature(signedData, signature)
    return Uint8Array.from(signature)
  }

  #checkKeyId(keyId: string | null): void {
    if (keyId !== null && namesVersion(keyId, { ...this.#key, vaultUrl: this.#connection.vaultUrl })) return
    throw this.#invalid(`the vault says it signed with ${keyId ?? 'an unnamed key'}`)
  }

  /** In libuv's pool: a signer in a server must not hold up the event loop, not even for 50 µs. */
  async #checkSignature(data: Uint8Array, signature: Uint8Array): Promise<void> {
    const { digest, pss } = this.algorithm
    // R‖S has one length (RFC 7518 §3.4). Node reads dsaEncoding only for ECDSA, and OpenSSL checks the rest.
    const key = { key: this.publicKey, ...pss, dsaEncoding: 'ieee-p1363' as const }
    const isValid = await new Promise<boolean>((resolve) => {
      verify(digest, data, key, signature, (error, result) => resolve(error === null && result))
    })
    if (!isValid) throw this.#invalid('the signature does not verify with the public key')
  }

  #invalid(reason: string): SealwrightError {
    const { name, version } = this.#key
    return new SealwrightError(
      'INVALID_SIGNATURE',
      `the ${this.algorithm.name} signature of ${name}/${version} from ${this.#connection.vaultUrl} was discarded: ${reason}`,
    )
  }
}

/** Whether a key was created so recently that some parts of the service may not have it yet. */
function isNew(createdAt: Date | null): boolean {
  return createdAt !== null && Date.now() - createdAt.getTime() < youth
}
