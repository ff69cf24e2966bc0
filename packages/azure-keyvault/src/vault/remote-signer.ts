import { createHash, verify, type KeyObject } from 'node:crypto'
import { SealwrightError, type SignatureAlgorithm, type Signer, type SignOptions } from '@sealwright/core'
import { signingCost } from '../requests/quota-budget.ts'
import { vaultAlgorithm } from './algorithms.ts'
import type { VaultClient } from './connection.ts'
import { namesVersion } from '../vault-uri.ts'

/** What a signer needs of the vault. */
export type SigningClient = Pick<VaultClient, 'vaultUrl' | 'sign'>

/** One version of a key in a vault: what every signature is made with, and checked against. */
export interface PinnedKey {
  readonly name: string
  readonly version: string
  readonly keyId: string
  readonly publicKey: KeyObject
  readonly isInHardware: boolean
}

/**
 * Signs in the vault. The data is hashed here and only its digest travels; the signature comes back, is verified here
 * with the public key, and is released only then. The version is pinned: a rotation changes nothing for this signer.
 */
export class RemoteSigner implements Signer {
  readonly algorithm: SignatureAlgorithm
  readonly keyId: string
  readonly publicKey: KeyObject
  readonly #client: SigningClient
  readonly #key: PinnedKey
  readonly #cost: number

  constructor(client: SigningClient, key: PinnedKey, algorithm: SignatureAlgorithm) {
    this.algorithm = algorithm
    this.keyId = key.keyId
    this.publicKey = key.publicKey
    this.#client = client
    this.#key = key
    this.#cost = signingCost(key.publicKey.asymmetricKeyDetails?.modulusLength ?? null, key.isInHardware)
  }

  async sign(data: Uint8Array, options?: SignOptions): Promise<Uint8Array> {
    const { digest } = this.algorithm
    const keyVault = vaultAlgorithm(this.algorithm)
    if (digest === null || keyVault === null) {
      throw new SealwrightError('UNSUPPORTED_ALGORITHM', `Key Vault cannot sign ${this.algorithm.name}`)
    }
    const hash = createHash(digest).update(data).digest()
    const answer = await this.#client.sign(this.#key, keyVault, hash, this.#cost, options?.signal)
    this.#checkKeyId(answer.keyId)
    const { signature } = answer
    if (signature === null) throw this.#invalid('it holds no signature')
    await this.#checkSignature(data, signature)
    return Uint8Array.from(signature)
  }

  #checkKeyId(keyId: string | null): void {
    if (keyId !== null && namesVersion(keyId, { ...this.#key, vaultUrl: this.#client.vaultUrl })) return
    throw this.#invalid(`the vault says it signed with ${keyId ?? 'a key it does not name'}`)
  }

  /** In libuv's pool: a signer in a server must not hold up the event loop, not even for 50 µs. */
  async #checkSignature(data: Uint8Array, signature: Uint8Array): Promise<void> {
    const { digest, pss, coordinateLength } = this.algorithm
    // R‖S has one length (RFC 7518 §3.4); OpenSSL is told the encoding and checks the rest.
    const key = {
      key: this.publicKey,
      ...pss,
      ...(coordinateLength !== null && { dsaEncoding: 'ieee-p1363' as const }),
    }
    const isValid = await new Promise<boolean>((resolve) => {
      verify(digest, data, key, signature, (error, result) => resolve(error === null && result))
    })
    if (!isValid) throw this.#invalid('the signature does not verify with its public key')
  }

  #invalid(what: string): SealwrightError {
    const { name, version } = this.#key
    return new SealwrightError(
      'INVALID_SIGNATURE',
      `the answer of ${this.#client.vaultUrl} to signing ${this.algorithm.name} with ${name}/${version} was discarded: ${what}`,
    )
  }
}
