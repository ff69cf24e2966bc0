import { webcrypto } from 'node:crypto'
import { types } from 'node:util'
import { ecdsaSignatureToDer, SealwrightError, type Signer } from '@sealwright/core'
import { assertUnforgeable, invalidArgument, must, type Check } from '@sealwright/core/internal'
import { CryptoEngine, type CryptoEngineSignatureParams } from 'pkijs'
import { aSignerOfX509, signatureAlgorithmIdentifier } from './algorithm-identifiers.ts'
import { verifySignature } from './verify-signature.ts'

/**
 * A crypto engine with which pkijs signs with a {@link Signer}, such as a key in a vault. pkijs asks its engine for the
 * algorithm and for the signature; everything else it asks Node's WebCrypto, as with pkijs's own `CryptoEngine`.
 *
 * Pass the engine and its `privateKey` to `sign()` of any object of pkijs: certificates, requests, CRLs, CMS `SignedData` and
 * OCSP responses. The algorithm and its hash are the signer's.
 *
 * @example
 * ```ts
 * import type { X509Certificate } from 'node:crypto'
 * import type { Signer } from '@sealwright/core'
 * import { fromPkijs, SignerEngine, toPkijs } from '@sealwright/x509/pkijs'
 *
 * async function sign(signer: Signer, template: X509Certificate) {
 *   const engine = new SignerEngine(signer)
 *   const certificate = toPkijs(template)
 *   await certificate.sign(engine.privateKey, undefined, engine)
 *   return fromPkijs(certificate)
 * }
 * ```
 */
export class SignerEngine extends CryptoEngine {
  readonly #signer: Signer
  /** A handle for the signer's key. It holds no key material, and only this engine signs with it. */
  readonly privateKey: webcrypto.CryptoKey

  /** @throws SealwrightError `INVALID_ARGUMENT` for anything but a Signer */
  constructor(signer: Signer) {
    aSignerOfX509('signer', signer)
    super({ name: 'Sealwright', crypto: webcrypto })
    this.#signer = signer
    this.privateKey = Object.freeze<webcrypto.CryptoKey>({
      type: 'private',
      extractable: false,
      // CMS reads the hash from here.
      algorithm: keyAlgorithmOf(signer),
      usages: ['sign'],
    })
  }

  /** The AlgorithmIdentifier of the signer's algorithm, with the parameters that its RFC wants. */
  // oxlint-disable-next-line typescript/require-await
  override async getSignatureParameters(
    privateKey?: webcrypto.CryptoKey,
  ): Promise<CryptoEngineSignatureParams> {
    this.#checkKey(privateKey)
    const { algorithm } = this.#signer
    return {
      signatureAlgorithm: signatureAlgorithmIdentifier(algorithm),
      parameters: { algorithm: { ...algorithm.webCrypto }, usages: ['sign'] },
    }
  }

  /**
   * Signs in the encoding of X.509 and CMS: ECDSA as Ecdsa-Sig-Value (RFC 3279 §2.2.3).
   *
   * @throws SealwrightError `INVALID_SIGNATURE` when the signature does not verify with the signer's public key;
   *   `UNSUPPORTED_KEY` for a key that anyone can sign for; `INVALID_ARGUMENT` for another key than this engine's; or what the signer throws
   */
  override async signWithPrivateKey(
    data: ArrayBuffer | ArrayBufferView,
    privateKey?: webcrypto.CryptoKey,
  ): Promise<ArrayBuffer> {
    this.#checkKey(privateKey)
    someBytes('data', data)
    const signer = this.#signer
    assertUnforgeable(signer.publicKey)
    const view = ArrayBuffer.isView(data)
      ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
      : new Uint8Array(data)
    // A copy: the signature is verified after the caller may have changed the data.
    const toBeSigned = view.slice()
    const signature = toX509Signature(await signer.sign(toBeSigned), signer)
    if (!(await verifySignature(signer, toBeSigned, signature, 'der'))) throw invalidSignature(signer)
    return Uint8Array.from(signature).buffer
  }

  #checkKey(privateKey: webcrypto.CryptoKey | undefined): void {
    if (privateKey === undefined || privateKey === this.privateKey) return
    throw invalidArgument('this SignerEngine signs with its own privateKey only, and was given another key')
  }
}

/** Data in the form of the Web Cryptography API. */
export const someBytes: Check = must(
  'an ArrayBuffer, or a view of one',
  (value) => types.isAnyArrayBuffer(value) || ArrayBuffer.isView(value),
)

function keyAlgorithmOf({ algorithm: { webCrypto } }: Signer): webcrypto.KeyAlgorithm {
  const { name, hash, namedCurve } = webCrypto
  return Object.freeze({
    name,
    ...(hash && { hash: Object.freeze({ name: hash }) }),
    ...(namedCurve && { namedCurve }),
  })
}

/** A Signer returns ECDSA signatures in the form of JWS: R‖S. */
function toX509Signature(signature: Uint8Array, signer: Signer): Uint8Array {
  const { coordinateLength } = signer.algorithm
  if (coordinateLength === null) return signature
  try {
    return ecdsaSignatureToDer(signature, coordinateLength)
  } catch (cause) {
    throw invalidSignature(signer, cause)
  }
}

function invalidSignature(signer: Signer, cause?: unknown): SealwrightError {
  return new SealwrightError(
    'INVALID_SIGNATURE',
    `the ${signer.algorithm.name} signature made with the key ${signer.keyId} does not verify with its public key`,
    { cause },
  )
}
