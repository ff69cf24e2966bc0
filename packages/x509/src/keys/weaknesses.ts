import { createPublicKey, type KeyObject } from 'node:crypto'
import { forgeryFlaw, keyDetails } from '@sealwright/core/internal'
import { anAsymmetricKey } from '../webcrypto/arguments.ts'
import { readPublicKeyInfo } from './public-key.ts'

/** RFC 7518 §3.3 and NIST SP 800-57 part 1. */
const minimumModulusLength = 2048
const minimumCurveBytes = 28

/**
 * Why a key should not be relied on: it is too short, or anyone can sign for it. Empty where nothing is known against it.
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
  const flaw = forgeryFlaw(key)
  if (flaw === null) return lengthWeaknesses(key)
  // keyDetails refuses an EC key with a flaw, so its curve is not known.
  return key.asymmetricKeyType === 'ec' ? [flaw.weakness] : [...lengthWeaknesses(key), flaw.weakness]
}

function lengthWeaknesses(key: KeyObject): readonly string[] {
  if (key.asymmetricKeyType === 'dsa') return ['a DSA key']
  if (key.asymmetricKeyType === 'ec') return curveWeaknesses(key)
  const { modulusLength = minimumModulusLength } = keyDetails(key)
  return modulusLength < minimumModulusLength ? [`an RSA key of ${modulusLength} bits`] : []
}

function curveWeaknesses(key: KeyObject): readonly string[] {
  const { namedCurve } = keyDetails(key)
  return coordinateBytes(key) < minimumCurveBytes ? [`an EC key on ${namedCurve}`] : []
}

/**
 * The length of a coordinate of the point. Of the curves that OpenSSL names, those with coordinates of 28 bytes and more have a
 * group order of at least 224 bits. Not every name shows it.
 */
function coordinateBytes(key: KeyObject): number {
  const publicKey = key.type === 'private' ? createPublicKey(key) : key
  const { subjectPublicKey } = readPublicKeyInfo(publicKey.export({ format: 'der', type: 'spki' }))
  const [form = 0] = subjectPublicKey
  // SEC 1 §2.3.3: a compressed point has one coordinate.
  return (subjectPublicKey.length - 1) / (form === 2 || form === 3 ? 1 : 2)
}
