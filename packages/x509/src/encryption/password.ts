import { SealwrightError } from '@sealwright/core'

/**
 * Refuses passwords that have no one encoding: half a surrogate pair is in no Unicode encoding, and readers written in C
 * take U+0000 for the end.
 *
 * @throws SealwrightError `INVALID_ARGUMENT`; the message does not quote the password
 */
export function assertPassword(password: string): void {
  if (typeof password !== 'string') {
    throw new SealwrightError('INVALID_ARGUMENT', `the password is of type ${typeof password}, not a string`)
  }
  if (/\p{Surrogate}/u.test(password)) {
    throw new SealwrightError(
      'INVALID_ARGUMENT',
      'the password is not well-formed Unicode (a lone surrogate)',
    )
  }
  if (password.includes('\0')) throw new SealwrightError('INVALID_ARGUMENT', 'the password holds U+0000')
}

/** A password as the writer of a file encoded it. */
export interface FilePassword {
  /** What becomes UTF-8. */
  readonly text: string
  /** What becomes a BMPString, with U+0000 at the end where the writer had it there. */
  readonly bmpText: string
}

/** The encodings of RFC 7292 App. B.1 and RFC 8018 §3, which every current writer uses. */
export function usualPassword(text: string): FilePassword {
  return { text, bmpText: `${text}\0` }
}

/**
 * The encodings to try for a password that was typed, the usual one first. To some writers the empty one is nothing at all, not
 * even U+0000; OpenSSL before 1.1 took the bytes of UTF-8 for characters.
 */
export function filePasswords(text: string): readonly FilePassword[] {
  const usual = usualPassword(text)
  if (text === '') return [usual, { text, bmpText: '' }]
  const bytesAsCharacters = Buffer.from(text).toString('latin1')
  return bytesAsCharacters === text ? [usual] : [usual, { text, bmpText: `${bytesAsCharacters}\0` }]
}

/**
 * The password as the derivation of RFC 7292 App. B takes it: a BMPString, big-endian. Characters beyond the BMP become
 * surrogate pairs, as in OpenSSL. The caller zeroes it after use.
 */
export function bmpPassword({ bmpText }: FilePassword): Uint8Array {
  return encodeUtf16Be(bmpText)
}

/** The password as PBKDF2 takes it: UTF-8, as RFC 8018 §3 recommends. The caller zeroes it after use. */
export function utf8Password(password: string): Uint8Array {
  return new TextEncoder().encode(password)
}

/** The contents octets of a BMPString; characters beyond the BMP become surrogate pairs. */
function encodeUtf16Be(text: string): Uint8Array {
  const bytes = new Uint8Array(2 * text.length)
  const view = new DataView(bytes.buffer)
  for (let index = 0; index < text.length; index++) view.setUint16(2 * index, text.charCodeAt(index))
  return bytes
}
