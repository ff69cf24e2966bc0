import type { webcrypto } from 'node:crypto'
import {
  algorithm as algorithmNamed,
  algorithms,
  chooseAlgorithm,
  keyType,
  SealwrightError,
  type KeyTypeName,
} from '@sealwright/core'
import { aBoolean, aString, optionsOf } from '@sealwright/core/internal'
import { cryptoKeyOptions } from './arguments.ts'
import { providerFor, type WebCrypto } from './provider.ts'

/** How {@link generateKeyPair} makes keys. */
export interface GenerateKeyPairOptions {
  /** The implementation that generates the keys. Default: Node's WebCrypto, and @peculiar/webcrypto for secp256k1. */
  readonly crypto?: WebCrypto | undefined
  /** A JOSE `alg`. Default that of the key type, such as RS256: a CryptoKey of RSA is bound to one padding and one hash. */
  readonly algorithm?: string | undefined
  /** Whether the private key can be exported. Default false. */
  readonly extractable?: boolean | undefined
}

const checkOptions = optionsOf({ ...cryptoKeyOptions, extractable: aBoolean })

/**
 * Generates a pair of CryptoKeys that sign and verify. RSA keys have the public exponent 65537.
 *
 * @param type one of core's `keyTypes`; ML-DSA needs Node 24.7 or newer
 * @throws SealwrightError `UNSUPPORTED_KEY` for an unknown type, or one that the `crypto` given, or this Node, cannot make;
 *   `UNSUPPORTED_ALGORITHM` for an algorithm that keys of the type cannot do; `INVALID_ARGUMENT` for an option of another type
 * @example
 * ```ts
 * import { generateKeyPair, signerFromCryptoKey } from '@sealwright/x509'
 *
 * const keys = await generateKeyPair('ec-p256')
 * const signer = await signerFromCryptoKey(keys)
 * ```
 */
export async function generateKeyPair(
  type: KeyTypeName,
  options: GenerateKeyPairOptions = {},
): Promise<webcrypto.CryptoKeyPair> {
  aString('type', type)
  checkOptions('options', options)
  const { algorithm, extractable = false } = options
  const { modulusLength, defaultAlgorithm } = keyType(type)
  const { kty, curve } = algorithmNamed(defaultAlgorithm)
  const rows = algorithms.filter((row) =>
    kty === 'AKP' ? row.name === defaultAlgorithm : row.kty === kty && row.curve === curve,
  )
  const { webCrypto } = chooseAlgorithm(rows, algorithm)
  const crypto = options.crypto ?? (await providerFor(webCrypto))
  const parameters =
    modulusLength === null
      ? webCrypto
      : { ...webCrypto, modulusLength, publicExponent: Uint8Array.of(1, 0, 1) }
  try {
    const pair = await crypto.subtle.generateKey(parameters, extractable, ['sign', 'verify'])
    if (!('privateKey' in pair)) throw new TypeError('generateKey did not return a key pair')
    return pair
  } catch (cause) {
    throw new SealwrightError(
      'UNSUPPORTED_KEY',
      `this WebCrypto implementation cannot generate a key of type ${type}${kty === 'AKP' ? '; Node 24.7 or newer can' : ''}`,
      { cause },
    )
  }
}
