import { createHash } from 'node:crypto'
import { SealwrightError } from '@sealwright/core'
import { malformed } from '../../asn1/ber.ts'
import { aesCbc, desCbc, tripleDesCbc, type CbcCipher, type CipherContext } from '../../encryption/ciphers.ts'
import { isOneSequence } from '../../encryption/decrypt-value.ts'
import { wrongPassword, type Protection } from '../../encryption/password-scheme.ts'
import {
  encryptionPasswords,
  passwordBytes,
  usualPassword,
  type FilePassword,
} from '../../encryption/password.ts'

/**
 * The encrypted PEM of RFC 1421, as OpenSSL before version 3, its `-traditional` option and `ssh-keygen -m PEM` write it:
 * two header lines name the cipher, and the key is derived with one round of MD5, as in every other reader.
 */
const ciphers: Readonly<Record<string, { readonly ivLength: number; with: (iv: Uint8Array) => CbcCipher }>> =
  {
    'AES-128-CBC': { ivLength: 16, with: (iv) => aesCbc(16, iv) },
    'AES-192-CBC': { ivLength: 16, with: (iv) => aesCbc(24, iv) },
    'AES-256-CBC': { ivLength: 16, with: (iv) => aesCbc(32, iv) },
    'DES-EDE3-CBC': { ivLength: 8, with: (iv) => tripleDesCbc(iv) },
    'DES-CBC': { ivLength: 8, with: desCbc },
  }

/** RFC 1421 §4.6.1.1 and §4.6.1.3, in the one form that OpenSSL writes and reads. */
const pattern = /^Proc-Type: *4, *ENCRYPTED *\r?\nDEK-Info: *([\w-]{1,32}), *([0-9A-F]{1,64}) *$/i

/** OpenSSL takes the salt from the initialisation vector. */
const saltLength = 8

/** The contents of an encrypted block's headers. */
export interface PemEncryption {
  readonly description: Protection
  /**
   * Tries the password in each of its encodings.
   *
   * @returns a new array; the caller zeroes it after use
   * @throws SealwrightError `INVALID_ENCODING` for a ciphertext that no cipher has made, `WRONG_PASSWORD`,
   *   `UNSUPPORTED_ALGORITHM` where there is no MD5; or the signal's reason
   */
  decrypt(ciphertext: Uint8Array, password: string, context: CipherContext): Promise<Uint8Array>
}

/**
 * @param headers the lines between BEGIN and the blank line
 * @param source for messages, such as `the PEM block EC PRIVATE KEY`
 * @throws SealwrightError `INVALID_ENCODING`, `UNSUPPORTED_ALGORITHM`
 */
export function readPemEncryption(headers: string, source: string): PemEncryption {
  const [, name = '', ivHex = ''] = pattern.exec(headers) ?? []
  const upperName = name.toUpperCase()
  if (name === '') throw malformed(source, 'has headers that are not those of an encrypted key')
  const row = Object.hasOwn(ciphers, upperName) ? ciphers[upperName] : undefined
  if (row === undefined) {
    throw new SealwrightError(
      'UNSUPPORTED_ALGORITHM',
      `${source} is encrypted with ${name}; ${Object.keys(ciphers).join(', ')} are supported`,
    )
  }
  const iv = Buffer.from(ivHex, 'hex')
  if (ivHex.length !== 2 * row.ivLength) {
    throw malformed(source, `has an initialisation vector of ${ivHex.length} hexadecimal digits`)
  }
  const cipher = row.with(iv)
  return {
    description: { algorithm: `PEM encryption with MD5 and ${cipher.name}`, iterations: 1, weak: true },
    decrypt: async (ciphertext, text, context) => {
      if (ciphertext.length === 0 || ciphertext.length % cipher.blockLength !== 0) {
        throw malformed(source, `has ${ciphertext.length} bytes of ciphertext, which are not whole blocks`)
      }
      let failure: unknown
      for (const password of encryptionPasswords(usualPassword(text), 'bytes')) {
        const key = bytesToKey(password, iv.subarray(0, saltLength), cipher.defaultKeyLength, source)
        try {
          // One after the other: few files need the second.
          // oxlint-disable-next-line no-await-in-loop
          const plaintext = await cipher.decrypt(key, ciphertext, context)
          if (isOneSequence(plaintext)) return plaintext
          plaintext.fill(0)
        } catch (error) {
          context.signal?.throwIfAborted()
          failure = error
        } finally {
          key.fill(0)
        }
      }
      throw wrongPassword(source, failure)
    },
  }
}

/** OpenSSL's `EVP_BytesToKey` with MD5 and a count of one: D₁ ‖ D₂ ‖ …, where Dᵢ = MD5(Dᵢ₋₁ ‖ password ‖ salt). */
function bytesToKey(password: FilePassword, salt: Uint8Array, length: number, source: string): Uint8Array {
  const secret = passwordBytes(password)
  const key = new Uint8Array(length)
  let digest: Uint8Array = new Uint8Array()
  try {
    for (let at = 0; at < length; at += digest.length) {
      digest = createHash('md5').update(digest).update(secret).update(salt).digest()
      key.set(digest.subarray(0, length - at), at)
    }
    return key
  } catch (cause) {
    // A Node in FIPS mode has no MD5.
    throw new SealwrightError(
      'UNSUPPORTED_ALGORITHM',
      `${source} takes its key from MD5, which this version of Node does not support`,
      {
        cause,
      },
    )
  } finally {
    secret.fill(0)
    digest.fill(0)
  }
}
