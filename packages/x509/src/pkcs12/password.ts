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

/** A password as the writer of a file had it in mind. */
export interface FilePassword {
  readonly text: string
  /**
   * Whether it has its U+0000 in a BMPString. Only the empty one may lack it: to some writers it is 00 00, and to others, who
   * have no password in mind, nothing at all.
   */
  readonly terminated: boolean
}

/** The encodings to try for a password that was typed, the usual one first. */
export function filePasswords(text: string): readonly FilePassword[] {
  const usual = { text, terminated: true }
  return text === '' ? [usual, { text, terminated: false }] : [usual]
}

/**
 * The password as the derivation of RFC 7292 App. B takes it: a BMPString, big-endian, with U+0000 at the end (B.1).
 * Characters beyond the BMP become surrogate pairs, as in OpenSSL. The caller zeroes it after use.
 */
export function bmpPassword({ text, terminated }: FilePassword): Uint8Array {
  return encodeUtf16Be(terminated ? `${text}\0` : text)
}

/** The password as PBKDF2 takes it: UTF-8, as RFC 8018 §3 recommends. The caller zeroes it after use. */
export function utf8Password(password: string): Uint8Array {
  return new TextEncoder().encode(password)
}

/** The contents octets of a BMPString; characters beyond the BMP become surrogate pairs. */
export function encodeUtf16Be(text: string): Uint8Array {
  const bytes = new Uint8Array(2 * text.length)
  const view = new DataView(bytes.buffer)
  for (let index = 0; index < text.length; index++) view.setUint16(2 * index, text.charCodeAt(index))
  return bytes
}
