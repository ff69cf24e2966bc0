import { isSealwrightError } from '@sealwright/core'
import { malformed } from '../asn1/ber.ts'
import { encryptionPasswords } from './password.ts'
import { wrongPassword, type DecryptionContext, type PasswordEncryption } from './password-scheme.ts'

/**
 * Decrypts one DER value. The password is tried in each of its encodings.
 *
 * @param source names the encrypted item in messages
 * @returns the plaintext, a new array: the caller zeroes it after use
 * @throws SealwrightError `INVALID_ENCODING` for a ciphertext that is not whole blocks, `WRONG_PASSWORD`, `LIMIT_EXCEEDED`; or
 *   the signal's reason
 */
export async function decryptValue(
  encryption: PasswordEncryption,
  ciphertext: Uint8Array,
  context: DecryptionContext,
  source: string,
): Promise<Uint8Array> {
  const { blockLength } = encryption
  if (ciphertext.length === 0 || ciphertext.length % blockLength !== 0) {
    throw malformed(
      source,
      `has ${ciphertext.length} bytes of ciphertext, not a multiple of the block length ${blockLength}`,
    )
  }
  let failure: unknown
  const passwords = encryptionPasswords(context.password, encryption.takes)
  for (const [index, password] of passwords.entries()) {
    if (index > 0) encryption.charge()
    try {
      // One after the other: few files need the second.
      // oxlint-disable-next-line no-await-in-loop
      const plaintext = await encryption.decrypt(ciphertext, { ...context, password })
      // One wrong key in 256 leaves valid padding by chance.
      if (isOneSequence(plaintext)) return plaintext
      plaintext.fill(0)
    } catch (error) {
      context.signal?.throwIfAborted()
      if (!isSealwrightError(error, 'WRONG_PASSWORD')) throw error
      failure = error
    }
  }
  throw wrongPassword(source, failure)
}

/** Whether the bytes have the header of one SEQUENCE. The output of a wrong key almost never has one. */
export function isOneSequence(bytes: Uint8Array): boolean {
  const [tag, length = 0] = bytes
  if (tag !== 0x30) return false
  if (length === 0x80) return bytes.length > 3
  const octets = length < 0x80 ? 0 : length & 0x7f
  const long = bytes.subarray(2, 2 + octets).reduce((value, octet) => value * 256 + octet, 0)
  return 2 + octets + (octets === 0 ? length : long) === bytes.length
}
