import { createPublicKey, sign as cryptoSign, type KeyObject, type SignKeyObjectInput } from 'node:crypto'
import { algorithmsOf } from '../algorithms/key-algorithms.ts'
import { chooseAlgorithm, type SignatureAlgorithm } from '../algorithms/table.ts'
import { ecdsaSignatureFromDer } from '../algorithms/ecdsa-signature.ts'
import { SealwrightError } from '../errors.ts'
import { jwkThumbprint } from '../jwk/public-jwk.ts'
import { untilAborted } from '../internal/abort.ts'
import { aKeyObject, aString, bytes, optionsOf, signOptions } from '../internal/arguments.ts'
import type { SignOptions, SyncSigner } from './signer.ts'

/** Options of {@link createLocalSigner}. */
export interface LocalSignerOptions {
  /** A JOSE `alg` that the key supports. Default: the key's own, such as RS256 or ES256. */
  readonly algorithm?: string | undefined
}

const localSignerOptions = optionsOf({ algorithm: aString })

/**
 * Creates a signer for a private key in this process's memory. `sign` runs in libuv's thread pool and leaves the event loop
 * free; `signSync` blocks the event loop while it signs.
 *
 * @param privateKey a private KeyObject: RSA of at least 2048 bits, EC on P-256, P-384, P-521 or secp256k1, Ed25519, or ML-DSA
 * @throws SealwrightError `INVALID_ARGUMENT`; `UNSUPPORTED_KEY` for any other key, and as {@link algorithmsOf};
 *   `UNSUPPORTED_ALGORITHM` when the key does not support the algorithm
 *
 * @example
 * ```ts
 * import { createPrivateKey } from 'node:crypto'
 * import { readFileSync } from 'node:fs'
 * import { createLocalSigner } from '@sealwright/core'
 *
 * const privateKey = createPrivateKey(readFileSync('key.pem'))
 * const signer = createLocalSigner(privateKey) // RS256 for an RSA key
 * const pss = createLocalSigner(privateKey, { algorithm: 'PS256' })
 * const signature = await signer.sign(new TextEncoder().encode('data'))
 * ```
 */
export function createLocalSigner(privateKey: KeyObject, options: LocalSignerOptions = {}): SyncSigner {
  aKeyObject('privateKey', privateKey)
  localSignerOptions('options', options)
  if (privateKey.type !== 'private') {
    throw new SealwrightError('UNSUPPORTED_KEY', `a ${privateKey.type} key cannot sign; a private key can`)
  }
  const row = chooseAlgorithm(algorithmsOf(privateKey), options.algorithm)
  const publicKey = createPublicKey(privateKey)
  return new LocalSigner(privateKey, publicKey, row, jwkThumbprint(publicKey))
}

class LocalSigner implements SyncSigner {
  readonly algorithm: SignatureAlgorithm
  readonly keyId: string
  readonly publicKey: KeyObject
  // A #private field, so that no inspection, spread or serialisation of a signer shows the key.
  readonly #key: KeyObject | SignKeyObjectInput
  readonly #digest: SignatureAlgorithm['digest']
  readonly #coordinateLength: number | null

  constructor(privateKey: KeyObject, publicKey: KeyObject, algorithm: SignatureAlgorithm, keyId: string) {
    this.algorithm = algorithm
    this.keyId = keyId
    this.publicKey = publicKey
    // The KeyObject itself wherever no parameters are needed: on Node 24 an options object doubles the time of ES256,
    // which is why R‖S is made from DER below and not by dsaEncoding: 'ieee-p1363'.
    this.#key = algorithm.pss === null ? privateKey : { key: privateKey, ...algorithm.pss }
    this.#digest = algorithm.digest
    this.#coordinateLength = algorithm.coordinateLength
  }

  signSync(data: Uint8Array): Uint8Array {
    assertBytes(data)
    let signature: Uint8Array
    try {
      signature = cryptoSign(this.#digest, data, this.#key)
    } catch (cause) {
      throw this.#refused(cause)
    }
    return this.#encode(signature)
  }

  async sign(data: Uint8Array, options?: SignOptions): Promise<Uint8Array> {
    assertBytes(data)
    if (options !== undefined) signOptions('options', options)
    const signal = options?.signal
    signal?.throwIfAborted()
    const signing = new Promise<Uint8Array>((resolve, reject) => {
      cryptoSign(this.#digest, data, this.#key, (error, signature) => {
        if (error === null) resolve(signature)
        else reject(this.#refused(error))
      })
    })
    // libuv cannot stop a signature, which may wait long in its queue behind files and DNS. On an abort, the caller does not wait.
    return this.#encode(await (signal === undefined ? signing : untilAborted(signing, signal)))
  }

  /** The error for a key that cannot sign, such as RSA whose primes are not prime. The cause is OpenSSL's. */
  #refused(cause: unknown): SealwrightError {
    return new SealwrightError('UNSUPPORTED_KEY', `OpenSSL cannot sign with the key ${this.keyId}`, { cause })
  }

  #encode(signature: Uint8Array): Uint8Array {
    return this.#coordinateLength === null
      ? signature
      : ecdsaSignatureFromDer(signature, this.#coordinateLength)
  }
}

/** Cheap if the argument is valid: this runs for every signature. */
function assertBytes(data: Uint8Array): void {
  if (!(data instanceof Uint8Array)) bytes('data', data)
}
