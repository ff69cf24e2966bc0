import { createPublicKey, sign as cryptoSign, type KeyObject, type SignKeyObjectInput } from 'node:crypto'
import { algorithmsOf } from '../algorithms/key-algorithms.ts'
import { chooseAlgorithm, type SignatureAlgorithm } from '../algorithms/table.ts'
import { ecdsaSignatureFromDer } from '../algorithms/ecdsa-signature.ts'
import { SealwrightError } from '../errors.ts'
import { jwkThumbprint } from '../jwk/public-jwk.ts'
import { untilAborted } from '../internal/abort.ts'
import { aKeyObject, bytes, signOptions } from '../internal/arguments.ts'
import type { SignOptions, SyncSigner } from './signer.ts'

/**
 * A signer over a private key in this process's memory. `sign` runs in libuv's thread pool and leaves the event loop
 * free; `signSync` runs here and now.
 *
 * @param privateKey a private KeyObject: RSA of at least 2048 bits, EC on P-256, P-384, P-521 or secp256k1, Ed25519, or ML-DSA
 * @param algorithm a JOSE `alg` the key can do; its default when left out (RS256, ES256, …, Ed25519)
 * @throws SealwrightError `UNSUPPORTED_KEY` for any other key, `UNSUPPORTED_ALGORITHM` when the key cannot do it
 */
export function createLocalSigner(privateKey: KeyObject, algorithm?: string): SyncSigner {
  aKeyObject('privateKey', privateKey)
  if (privateKey.type !== 'private') {
    throw new SealwrightError('UNSUPPORTED_KEY', `a ${privateKey.type} key cannot sign; a private key can`)
  }
  const row = chooseAlgorithm(algorithmsOf(privateKey), algorithm)
  const publicKey = createPublicKey(privateKey)
  return new LocalSigner(privateKey, publicKey, row, jwkThumbprint(publicKey))
}

class LocalSigner implements SyncSigner {
  readonly algorithm: SignatureAlgorithm
  readonly keyId: string
  readonly publicKey: KeyObject
  // Private by language, so that no inspection, spread or serialisation of a signer shows the key.
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
    // libuv cannot stop a signature, and one may be long in its queue, behind files and DNS: the caller need not wait.
    return this.#encode(await (signal === undefined ? signing : untilAborted(signing, signal)))
  }

  /** With what OpenSSL says of a key that cannot sign, such as RSA whose primes are not prime. */
  #refused(cause: unknown): SealwrightError {
    return new SealwrightError('UNSUPPORTED_KEY', `OpenSSL cannot sign with the key ${this.keyId}`, { cause })
  }

  #encode(signature: Uint8Array): Uint8Array {
    return this.#coordinateLength === null
      ? signature
      : ecdsaSignatureFromDer(signature, this.#coordinateLength)
  }
}

/** Cheap where all is well: this runs for every signature. */
function assertBytes(data: Uint8Array): void {
  if (!(data instanceof Uint8Array)) bytes('data', data)
}
