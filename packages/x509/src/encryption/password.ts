import type { Password } from '@sealwright/core'
import { aPassword, invalidArgument, resolvePassword } from '@sealwright/core/internal'

/**
 * Refuses passwords that cannot be encoded the same everywhere. A lone surrogate has no encoding in UTF-8, and readers written in
 * C end a password at U+0000.
 *
 * @throws SealwrightError `INVALID_ARGUMENT`; the message does not quote the password
 */
export function assertPassword(password: string): void {
  if (typeof password !== 'string') {
    throw invalidArgument(`the password is of type ${typeof password}, not a string`)
  }
  if (/\p{Surrogate}/u.test(password)) {
    throw invalidArgument('the password is not well-formed Unicode (a lone surrogate)')
  }
  if (password.includes('\0')) throw invalidArgument('the password holds U+0000')
}

/**
 * Returns a function that asks for the password the first time it is called.
 *
 * @throws SealwrightError `INVALID_ARGUMENT`, now for anything but a password or a function, later as {@link assertPassword};
 *   or what the function throws
 */
export function passwordAsker(password: Password): () => Promise<string> {
  aPassword('password', password)
  if (typeof password === 'string') assertPassword(password)
  let asked: Promise<string> | undefined
  return () => {
    asked ??= ask(password)
    return asked
  }
}

async function ask(password: Password): Promise<string> {
  const text = await resolvePassword('password', password)
  assertPassword(text)
  return text
}

/** A password in the encodings of the program that wrote the file. */
export interface FilePassword {
  readonly text: string
  /** Encoding for PBKDF2, scrypt, PBKDF1 and encrypted PEM. */
  readonly bytes: 'UTF-8' | 'Windows-1252'
  /** Text of the BMPString, with U+0000 at its end where the writer put one. */
  readonly bmpText: string
}

/** The encodings of RFC 7292 App. B.1 and RFC 8018 §3. Current programs use them. */
export function usualPassword(text: string): FilePassword {
  return { text, bytes: 'UTF-8', bmpText: `${text}\0` }
}

/**
 * The encodings to try for a password, the usual one first. Some writers encode the empty password without U+0000.
 * OpenSSL before 1.1 turned each byte of UTF-8 into one character.
 */
export function filePasswords(text: string): readonly FilePassword[] {
  const usual = usualPassword(text)
  if (text === '') return [usual, { ...usual, bmpText: '' }]
  const bytesAsCharacters = Buffer.from(text).toString('latin1')
  return bytesAsCharacters === text ? [usual] : [usual, { ...usual, bmpText: `${bytesAsCharacters}\0` }]
}

/**
 * The bytes of a password for the derivation of RFC 7292 App. B: a BMPString, big-endian. Characters beyond the BMP become
 * surrogate pairs, as in OpenSSL. The caller zeroes it after use.
 */
export function bmpPassword({ bmpText }: FilePassword): Uint8Array {
  return encodeUtf16Be(bmpText)
}

/**
 * The encodings to try for a decryption, the given one first. RFC 8018 §3 recommends UTF-8. OpenSSL uses the bytes of the terminal,
 * which often were Windows-1252.
 *
 * @param takes the encoding that the encryption needs
 */
export function encryptionPasswords(
  password: FilePassword,
  takes: 'bytes' | 'bmpText',
): readonly FilePassword[] {
  const { text } = password
  const others: readonly FilePassword[] =
    takes === 'bmpText'
      ? filePasswords(text)
      : encodeWindows1252(text) === null || /^[\0-\x7f]*$/.test(text)
        ? []
        : [{ ...password, bytes: 'Windows-1252' }]
  return [password, ...others.filter((other) => other[takes] !== password[takes])]
}

/** The bytes of a password for PBKDF2, scrypt, PBKDF1 and encrypted PEM. The caller zeroes them after use. */
export function passwordBytes({ text, bytes }: FilePassword): Uint8Array {
  return (bytes === 'Windows-1252' ? encodeWindows1252(text) : null) ?? new TextEncoder().encode(text)
}

/** The characters of the bytes 80 to 9F. The other bytes are those of Latin-1. */
const windows1252 = '€\u0081‚ƒ„…†‡ˆ‰Š‹Œ\u008dŽ\u008f\u0090‘’“”•–—˜™š›œ\u009džŸ'

/** Null for text with other characters. */
function encodeWindows1252(text: string): Uint8Array | null {
  const bytes = new Uint8Array(text.length)
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index)
    const high = windows1252.indexOf(text.charAt(index))
    if (high === -1 && (unit > 0xff || (unit >= 0x80 && unit < 0xa0))) return null
    bytes[index] = high === -1 ? unit : 0x80 + high
  }
  return bytes
}

/** The contents octets of a BMPString; characters beyond the BMP become surrogate pairs. */
function encodeUtf16Be(text: string): Uint8Array {
  const bytes = new Uint8Array(2 * text.length)
  const view = new DataView(bytes.buffer)
  for (let index = 0; index < text.length; index++) view.setUint16(2 * index, text.charCodeAt(index))
  return bytes
}
