import { createPublicKey, type KeyObject, type webcrypto } from 'node:crypto'
import {
  algorithmsOf,
  chooseAlgorithm,
  isSealwrightError,
  jwkThumbprint,
  SealwrightError,
  type SignatureAlgorithm,
  type Signer,
  type SignOptions,
} from '@sealwright/core'
import { anObject, bytes, optionsOf, signOptions, untilAborted } from '@sealwright/core/internal'
import { verifySignature } from '../signing/verify-signature.ts'
import { aCryptoKey, cryptoKeyOptions } from './arguments.ts'
import { providerFor, type WebCrypto } from './provider.ts'

/** How {@link signerFromCryptoKey} signs. */
export interface CryptoKeySignerOptions {
  /** The implementation that generated the keys: only that one can use them. Default Node's WebCrypto, and @peculiar/webcrypto for
   * secp256k1. */
  readonly crypto?: WebCrypto | undefined
  /** A JOSE `alg` that the keys can do. Default the one that their algorithm, curve and hash say. */
  readonly algorithm?: string | undefined
}

const checkOptions = optionsOf(cryptoKeyOptions)
const aPrivateCryptoKey = aCryptoKey('private')
const aPublicCryptoKey = aCryptoKey('public')

/**
 * A Signer over a pair of CryptoKeys. The private key need not be extractable, and is never exported. Each signature is
 * verified with the public key before it is released.
 *
 * @param pair both keys; the private one has the usage `sign`, and the public one is extractable
 * @throws SealwrightError `INVALID_ARGUMENT` for anything but a pair of CryptoKeys; `UNSUPPORTED_KEY` for keys that cannot sign,
 *   weak ones included, and where the implementation does not export the public key; `UNSUPPORTED_ALGORITHM` for an algorithm
 *   that the keys cannot do
 * @example
 * ```ts
 * import { webcrypto } from 'node:crypto'
 * import { createSelfSignedCertificate, signerFromCryptoKey } from '@sealwright/x509'
 *
 * const { subtle } = webcrypto
 * const keys = await subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, false, ['sign', 'verify'])
 * const certificate = await createSelfSignedCertificate(await signerFromCryptoKey(keys), { subject: 'CN=my-app' })
 * ```
 */
export async function signerFromCryptoKey(
  pair: webcrypto.CryptoKeyPair,
  options: CryptoKeySignerOptions = {},
): Promise<Signer> {
  anObject('pair', pair)
  const { privateKey, publicKey } = pair
  aPrivateCryptoKey('pair.privateKey', privateKey)
  aPublicCryptoKey('pair.publicKey', publicKey)
  checkOptions('options', options)
  if (!privateKey.usages.includes('sign'))
    throw new SealwrightError('UNSUPPORTED_KEY', 'the private CryptoKey does not have the usage "sign"')
  const keyAlgorithm: KeyAlgorithmMembers = privateKey.algorithm
  const crypto = options.crypto ?? (await providerFor(keyAlgorithm))
  const key = await exportPublicKey(publicKey, crypto)
  const rows = algorithmsOf(key).filter((row) => fits(row, keyAlgorithm))
  return new CryptoKeySigner(privateKey, key, chooseAlgorithm(rows, options.algorithm), crypto)
}

/** The properties of CryptoKeys of the kinds that sign. */
interface KeyAlgorithmMembers extends webcrypto.KeyAlgorithm {
  readonly hash?: webcrypto.KeyAlgorithm
  readonly namedCurve?: string
}

async function exportPublicKey(publicKey: webcrypto.CryptoKey, crypto: WebCrypto): Promise<KeyObject> {
  try {
    const spki = await crypto.subtle.exportKey('spki', publicKey)
    return createPublicKey({ key: Buffer.from(spki), format: 'der', type: 'spki' })
  } catch (cause) {
    throw new SealwrightError(
      'UNSUPPORTED_KEY',
      'the public CryptoKey cannot be exported; keys of another implementation than Node’s need it as the option crypto',
      { cause },
    )
  }
}

/** Keys of RSA are bound to a hash; ECDSA takes one with each signature. */
function fits({ webCrypto }: SignatureAlgorithm, { name, hash }: KeyAlgorithmMembers): boolean {
  return webCrypto.name === name && (hash === undefined || hash.name === webCrypto.hash)
}

class CryptoKeySigner implements Signer {
  readonly algorithm: SignatureAlgorithm
  readonly keyId: string
  readonly publicKey: KeyObject
  readonly #key: webcrypto.CryptoKey
  readonly #crypto: WebCrypto

  constructor(
    key: webcrypto.CryptoKey,
    publicKey: KeyObject,
    algorithm: SignatureAlgorithm,
    crypto: WebCrypto,
  ) {
    this.algorithm = algorithm
    this.publicKey = publicKey
    this.keyId = jwkThumbprint(publicKey)
    this.#key = key
    this.#crypto = crypto
  }

  async sign(data: Uint8Array, options?: SignOptions): Promise<Uint8Array> {
    bytes('data', data)
    if (options !== undefined) signOptions('options', options)
    const signal = options?.signal
    signal?.throwIfAborted()
    // A copy: the signature is verified after the caller may have changed the data.
    const signing = this.#signVerified(Uint8Array.from(data))
    return signal === undefined ? signing : untilAborted(signing, signal)
  }

  /** WebCrypto signs ECDSA in the form of JWS: R‖S. */
  async #signVerified(data: Uint8Array): Promise<Uint8Array> {
    let signature: Uint8Array
    try {
      signature = new Uint8Array(await this.#crypto.subtle.sign(this.algorithm.webCrypto, this.#key, data))
    } catch (cause) {
      if (isSealwrightError(cause)) throw cause
      throw new SealwrightError('UNSUPPORTED_KEY', `WebCrypto did not sign with the key ${this.keyId}`, {
        cause,
      })
    }
    if (await verifySignature(this, data, signature, 'ieee-p1363')) return signature
    throw new SealwrightError(
      'INVALID_SIGNATURE',
      `the ${this.algorithm.name} signature made with the key ${this.keyId} does not verify with its public key`,
    )
  }
}
