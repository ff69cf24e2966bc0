import type { KeyObject } from 'node:crypto'
import { anAsymmetricKey } from '../webcrypto/arguments.ts'

/** RFC 7518 §3.3 and NIST SP 800-57 part 1. */
const minimumModulusLength = 2048
const minimumCurveLength = 224

/**
 * Why a key should not be relied on, in words; empty where nothing is known against it.
 *
 * @param key public or private
 * @throws SealwrightError `INVALID_ARGUMENT` for anything but a public or private key
 * @returns such as `an RSA key of 1024 bits`
 * @example
 * ```ts
 * import { X509Certificate } from 'node:crypto'
 * import { readFile } from 'node:fs/promises'
 * import { keyWeaknesses } from '@sealwright/x509'
 *
 * const { publicKey } = new X509Certificate(await readFile('my-app.crt'))
 * for (const weakness of keyWeaknesses(publicKey)) console.warn(`my-app.crt has ${weakness}`)
 * ```
 */
export function keyWeaknesses(key: KeyObject): readonly string[] {
  anAsymmetricKey('key', key)
  const { modulusLength = 0, publicExponent = 65537n, namedCurve } = key.asymmetricKeyDetails ?? {}
  const weaknesses: string[] = []
  if (key.asymmetricKeyType === 'dsa') weaknesses.push('a DSA key')
  else if (modulusLength > 0) {
    if (modulusLength < minimumModulusLength) weaknesses.push(`an RSA key of ${modulusLength} bits`)
    if (publicExponent < 3n || publicExponent % 2n === 0n) {
      weaknesses.push(`an RSA key with the public exponent ${publicExponent}`)
    }
  }
  // The curves that Node knows have their length in their name: secp192k1, prime192v1, sect163r1.
  const curveLength = Number(/\d{3}/.exec(namedCurve ?? '')?.[0] ?? minimumCurveLength)
  if (curveLength < minimumCurveLength) weaknesses.push(`an EC key on ${namedCurve}`)
  return weaknesses
}
