import type { KeyObject, webcrypto } from 'node:crypto'
import { algorithmsOf, chooseAlgorithm, SealwrightError } from '@sealwright/core'
import { aBoolean, optionsOf } from '@sealwright/core/internal'
import { anAsymmetricKey, cryptoKeyOptions } from './arguments.ts'
import { providerFor, type WebCrypto } from './provider.ts'

/** How {@link toCryptoKey} imports a key. */
export interface ToCryptoKeyOptions {
  /** The implementation to use. Default Node's WebCrypto, and @peculiar/webcrypto for secp256k1. */
  readonly crypto?: WebCrypto | undefined
  /** A JOSE `alg` that the key can do. Default RS256 for RSA: a CryptoKey of RSA is bound to one padding and one hash. */
  readonly algorithm?: string | undefined
  /** Whether the CryptoKey can be exported. Default false for a private key, true for a public one. */
  readonly extractable?: boolean | undefined
}

const checkOptions = optionsOf({ ...cryptoKeyOptions, extractable: aBoolean })

/**
 * A `KeyObject` of `node:crypto` as a CryptoKey: a private key signs, a public key verifies.
 *
 * @throws SealwrightError `UNSUPPORTED_KEY` for a key that signs nothing, or one that the `crypto` given, or this Node, cannot
 *   import; `UNSUPPORTED_ALGORITHM` for an algorithm that the key cannot do; `INVALID_ARGUMENT` for anything but a private or
 *   public KeyObject, or an option of another type
 * @example
 * ```ts
 * import type { KeyObject } from 'node:crypto'
 * import { toCryptoKey } from '@sealwright/x509'
 *
 * async function verificationKey(publicKey: KeyObject) {
 *   return toCryptoKey(publicKey, { algorithm: 'PS256' })
 * }
 * ```
 */
export async function toCryptoKey(
  key: KeyObject,
  options: ToCryptoKeyOptions = {},
): Promise<webcrypto.CryptoKey> {
  anAsymmetricKey('key', key)
  checkOptions('options', options)
  const isPrivate = key.type === 'private'
  const { algorithm, extractable = !isPrivate } = options
  const { name, webCrypto } = chooseAlgorithm(algorithmsOf(key), algorithm)
  const crypto = options.crypto ?? (await providerFor(webCrypto))
  const der = isPrivate
    ? key.export({ format: 'der', type: 'pkcs8' })
    : key.export({ format: 'der', type: 'spki' })
  try {
    return await crypto.subtle.importKey(isPrivate ? 'pkcs8' : 'spki', der, webCrypto, extractable, [
      isPrivate ? 'sign' : 'verify',
    ])
  } catch (cause) {
    throw new SealwrightError(
      'UNSUPPORTED_KEY',
      `this WebCrypto implementation cannot import the ${key.type} key for ${name}`,
      { cause },
    )
  } finally {
    der.fill(0)
  }
}
