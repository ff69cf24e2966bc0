import { createPrivateKey, type KeyObject } from 'node:crypto'
import { SealwrightError } from '@sealwright/core'
import { mlDsaProblem } from '../ml-dsa.ts'
import { malformed, readBer, type BerBudget } from '../asn1/ber.ts'

/** RSA-8192, twice what is made here, has about 4.7 kB; what a key computes takes time that grows with its numbers. */
const maximumLength = 6 * 1024
const maximumModulusLength = 8192

/** PrivateKeyInfo (RFC 5958 §2), ECPrivateKey (RFC 5915 §3) or RSAPrivateKey (RFC 8017 App. A.1.2). */
export type PrivateKeyType = 'pkcs8' | 'sec1' | 'pkcs1'

const names: Readonly<Record<PrivateKeyType, string>> = { pkcs8: 'PKCS#8', sec1: 'SEC1', pkcs1: 'PKCS#1' }

/** @throws SealwrightError `INVALID_ENCODING`, `LIMIT_EXCEEDED`, `UNSUPPORTED_KEY` */
export function readPrivateKey(der: Uint8Array, type: PrivateKeyType, budget: BerBudget): KeyObject {
  const what = 'the private key'
  if (der.length > maximumLength) {
    throw new SealwrightError(
      'LIMIT_EXCEEDED',
      `${what} has ${der.length} bytes; ${maximumLength} are allowed`,
    )
  }
  // OpenSSL overlooks bytes after the end.
  readBer(der, what, budget)
  let key: KeyObject
  try {
    // The same memory, so that whoever zeroes the one zeroes the other.
    key = createPrivateKey({ key: Buffer.from(der.buffer, der.byteOffset, der.length), format: 'der', type })
  } catch (cause) {
    throw (
      mlDsaProblem(what, der, cause) ??
      malformed(what, `is not ${names[type]} of a kind OpenSSL knows`, cause)
    )
  }
  checkPrivateKey(key)
  return key
}

/** @throws SealwrightError `LIMIT_EXCEEDED`, `UNSUPPORTED_KEY` */
export function checkPrivateKey(key: KeyObject): void {
  const { modulusLength = 0, namedCurve } = key.asymmetricKeyDetails ?? {}
  if (modulusLength > maximumModulusLength) {
    throw new SealwrightError(
      'LIMIT_EXCEEDED',
      `the private key has ${modulusLength} bits; ${maximumModulusLength} are allowed`,
    )
  }
  // Node 20 passes on OpenSSL's name for no name; later ones have none.
  if (key.asymmetricKeyType === 'ec' && (namedCurve === undefined || namedCurve === 'UNDEF')) {
    throw new SealwrightError(
      'UNSUPPORTED_KEY',
      'the private key is on a curve of its own, not on a named one (RFC 5480 §2.1.1)',
    )
  }
}
