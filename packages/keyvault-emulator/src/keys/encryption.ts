import { constants, privateDecrypt, publicEncrypt } from 'node:crypto'
import { badParameter } from '../protocol/errors.ts'
import { isRsa, privateKeyOf, publicKeyOf } from './material.ts'
import type { KeyMaterial } from '../vault/records.ts'

type OaepHash = 'sha1' | 'sha256'

/** OAEP's hash by algorithm; null is PKCS#1 v1.5. */
const algorithms: Readonly<Record<string, OaepHash | null>> = {
  RSA1_5: null,
  'RSA-OAEP': 'sha1',
  'RSA-OAEP-256': 'sha256',
}

/** RSA encryption, for encrypt and wrapKey alike. @throws ServiceError 400 */
export function encrypt(material: KeyMaterial, algorithm: string, plaintext: Uint8Array): Buffer {
  const hash = oaepHash(material, algorithm)
  const key = publicKeyOf(material)
  try {
    return hash === null
      ? publicEncrypt({ key, padding: constants.RSA_PKCS1_PADDING }, plaintext)
      : publicEncrypt({ key, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: hash }, plaintext)
  } catch {
    throw badParameter(`The value of ${plaintext.length} bytes is too long for this key and ${algorithm}.`)
  }
}

/** RSA decryption, for decrypt and unwrapKey alike. @throws ServiceError 400 */
export function decrypt(material: KeyMaterial, algorithm: string, ciphertext: Uint8Array): Buffer {
  const hash = oaepHash(material, algorithm)
  const key = privateKeyOf(material)
  try {
    // Node refuses PKCS#1 v1.5 here where its OpenSSL lacks implicit rejection, so the padding is taken off by
    // hand.
    return hash === null
      ? withoutPkcs1Padding(privateDecrypt({ key, padding: constants.RSA_NO_PADDING }, ciphertext))
      : privateDecrypt({ key, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: hash }, ciphertext)
  } catch {
    throw badParameter('The parameter is incorrect.')
  }
}

function oaepHash(material: KeyMaterial, algorithm: string): OaepHash | null {
  const hash = Object.hasOwn(algorithms, algorithm) ? algorithms[algorithm] : undefined
  if (hash === undefined) throw badParameter(`Invalid algorithm specified: '${algorithm}'.`)
  if (!isRsa(material.kty)) throw badParameter(`Algorithm '${algorithm}' can only be used with RSA keys.`)
  return hash
}

/** EME-PKCS1-v1_5 decoding (RFC 8017 §7.2.2, step 3): 00 02, at least eight non-zero bytes, 00, the message. */
function withoutPkcs1Padding(block: Buffer): Buffer {
  const end = block.indexOf(0, 2)
  if (block[0] !== 0 || block[1] !== 2 || end < 10) throw new Error('padding')
  return block.subarray(end + 1)
}
