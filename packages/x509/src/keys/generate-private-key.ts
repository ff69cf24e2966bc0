import { createPrivateKey, generateKeyPair, type KeyObject } from 'node:crypto'
import { algorithm, keyType, SealwrightError, type KeyTypeName } from '@sealwright/core'
import { aString, optionsOf } from '@sealwright/core/internal'
import { mlDsaNeeds } from './ml-dsa.ts'
import { aWebCrypto } from '../webcrypto/arguments.ts'
import { generateKeyPair as generateCryptoKeys } from '../webcrypto/generate-key-pair.ts'
import { providerFor, type WebCrypto } from '../webcrypto/provider.ts'

/** Options of {@link generatePrivateKey}. */
export interface GeneratePrivateKeyOptions {
  /** The implementation that generates the key. Default: Node's; @peculiar/webcrypto for what Node's lacks, which is secp256k1. ML-DSA
   * keys need Node 24.7 or newer. */
  readonly crypto?: WebCrypto | undefined
}

const checkOptions = optionsOf({ crypto: aWebCrypto })

/**
 * Generates a private key. RSA keys have the public exponent 65537.
 *
 * @throws SealwrightError `UNSUPPORTED_KEY` for an unknown type, or one that the `crypto` given, or this Node, cannot make
 * @example
 * ```ts
 * import { createLocalSigner } from '@sealwright/core'
 * import { createSelfSignedCertificate, generatePrivateKey } from '@sealwright/x509'
 *
 * const privateKey = await generatePrivateKey('rsa-2048')
 * const certificate = await createSelfSignedCertificate(createLocalSigner(privateKey), { subject: 'CN=my-app' })
 * ```
 */
export async function generatePrivateKey(
  type: KeyTypeName,
  options: GeneratePrivateKeyOptions = {},
): Promise<KeyObject> {
  aString('type', type)
  checkOptions('options', options)
  const { kty, webCrypto } = algorithm(keyType(type).defaultAlgorithm)
  if (kty === 'AKP' && options.crypto === undefined) return generateMlDsaKey(type)
  const crypto = options.crypto ?? (await providerFor(webCrypto))
  const { privateKey } = await generateCryptoKeys(type, { crypto, extractable: true })
  const pkcs8 = new Uint8Array(await crypto.subtle.exportKey('pkcs8', privateKey))
  try {
    return createPrivateKey({ key: Buffer.from(pkcs8.buffer), format: 'der', type: 'pkcs8' })
  } finally {
    pkcs8.fill(0)
  }
}

/** Without WebCrypto: Node has ML-DSA there too, but warns that it is experimental. */
function generateMlDsaKey(type: string): Promise<KeyObject> {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- Node's types do not have these key types yet
  const generate = generateKeyPair as unknown as (
    name: string,
    options: object,
    callback: (error: Error | null, publicKey: KeyObject, privateKey: KeyObject) => void,
  ) => void
  return new Promise((resolve, reject) => {
    const fail = (cause: unknown): void =>
      reject(
        new SealwrightError(
          'UNSUPPORTED_KEY',
          `this version of Node cannot create a key of type ${type}; ${mlDsaNeeds}`,
          {
            cause,
          },
        ),
      )
    try {
      generate(type, {}, (error, _, privateKey) => (error === null ? resolve(privateKey) : fail(error)))
    } catch (error) {
      fail(error)
    }
  })
}
