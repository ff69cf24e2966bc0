import { verify, webcrypto } from 'node:crypto'
import { ecdsaSignatureToDer, SealwrightError, type Signer } from '@sealwright/core'
import { assertUnforgeable } from '@sealwright/core/internal'
import { CryptoEngine, type CryptoEngineSignatureParams } from 'pkijs'
import { signatureAlgorithmIdentifier } from './algorithm-identifiers.ts'

/**
 * The one place where X.509 meets a key: pkijs asks its crypto engine for the algorithm and for the signature, and this one asks
 * a Signer, whose key may be in a vault. `await anything.sign(engine.privateKey, undefined, engine)` signs certificates,
 * requests, CRLs, CMS and OCSP of pkijs.
 */
export class SignerEngine extends CryptoEngine {
  readonly #signer: Signer
  /** What pkijs passes on as the key; it stands for the signer's, and holds nothing. */
  readonly privateKey: webcrypto.CryptoKey

  constructor(signer: Signer) {
    super({ name: 'Sealwright', crypto: webcrypto })
    this.#signer = signer
    this.privateKey = {
      type: 'private',
      extractable: false,
      // As CryptoKeys have it: CMS asks it for the hash.
      algorithm: keyAlgorithmOf(signer),
      usages: ['sign'],
    }
  }

  // oxlint-disable-next-line typescript/require-await
  override async getSignatureParameters(): Promise<CryptoEngineSignatureParams> {
    return {
      signatureAlgorithm: signatureAlgorithmIdentifier(this.#signer.algorithm),
      parameters: { algorithm: { ...this.#signer.algorithm.webCrypto }, usages: ['sign'] },
    }
  }

  /** @throws SealwrightError `INVALID_SIGNATURE` when what the signer returned does not verify with its own public key; `UNSUPPORTED_KEY` for a key that anyone can sign for */
  override async signWithPrivateKey(data: ArrayBuffer | ArrayBufferView): Promise<ArrayBuffer> {
    const signer = this.#signer
    assertUnforgeable(signer.publicKey)
    const toBeSigned = ArrayBuffer.isView(data)
      ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
      : new Uint8Array(data)
    const signature = toX509Signature(await signer.sign(toBeSigned), signer)
    const { digest, pss } = signer.algorithm
    if (!verify(digest, toBeSigned, { key: signer.publicKey, ...pss }, signature))
      throw invalidSignature(signer)
    return Uint8Array.from(signature).buffer
  }
}

function keyAlgorithmOf({ algorithm: { webCrypto } }: Signer): webcrypto.KeyAlgorithm {
  const { name, hash, namedCurve } = webCrypto
  return {
    name,
    ...(hash && { hash: { name: hash } }),
    ...(namedCurve && { namedCurve }),
  }
}

/** A Signer signs as JWS has it; for ECDSA, X.509 wants Ecdsa-Sig-Value (RFC 3279 §2.2.3) instead of R‖S. */
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
    cause === undefined ? undefined : { cause },
  )
}
