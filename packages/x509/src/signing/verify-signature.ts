import { verify, type KeyObject, type VerifyKeyObjectInput } from 'node:crypto'
import type { SignatureAlgorithm } from '@sealwright/core'

/** What a signature is verified with. */
export interface VerificationKey {
  readonly algorithm: SignatureAlgorithm
  readonly publicKey: KeyObject
}

/**
 * Whether a signature is that of a key. Verified in libuv's threads: hashing a CRL of some megabytes takes tens of
 * milliseconds.
 *
 * @param encoding of ECDSA signatures: `der` is Ecdsa-Sig-Value (RFC 3279 §2.2.3), `ieee-p1363` is R‖S (RFC 7518 §3.4)
 */
export function verifySignature(
  { algorithm: { digest, pss }, publicKey }: VerificationKey,
  data: Uint8Array,
  signature: Uint8Array,
  encoding: 'der' | 'ieee-p1363',
): Promise<boolean> {
  // The KeyObject itself where it needs no parameters: on Node 24 an object with parameters doubles the time of ES256.
  const key: KeyObject | VerifyKeyObjectInput =
    pss === null && encoding === 'der' ? publicKey : { key: publicKey, dsaEncoding: encoding, ...pss }
  return new Promise((resolve, reject) => {
    verify(digest, data, key, signature, (error, valid) => {
      if (error === null) resolve(valid)
      else reject(error)
    })
  })
}
