import type { X509Certificate } from 'node:crypto'
import { jwkThumbprint } from '@sealwright/core'
import { aString, invalidArgument } from '@sealwright/core/internal'

/**
 * Normalises a pasted certificate thumbprint. Spaces of every kind, colons, hyphens and the invisible characters that dialogs, web pages
 * and chat programs add are removed; the certificate dialog of Windows adds a U+200E. Digits may be in either case.
 *
 * @param text SHA-1 (40 hexadecimal digits) or SHA-256 (64)
 * @returns upper-case hexadecimal digits, the form of Windows, .NET and App Service
 * @throws SealwrightError `INVALID_ARGUMENT` with the first invalid character, or the number of digits
 *
 * @example
 * ```ts
 * import { normalizeThumbprint } from '@sealwright/local-store'
 *
 * normalizeThumbprint('a9 99 3e 36 47 06 81 6a ba 3e 25 71 78 50 c2 6c 9c d0 d8 9d') // A9993E36…
 * ```
 */
export function normalizeThumbprint(text: string): string {
  aString('text', text)
  if (text.length > maximumLength) {
    throw invalidArgument(`the thumbprint has ${text.length} characters; SHA-256 has 64`)
  }
  const digits = text.replace(separators, '')
  const foreign = /[^0-9a-f]/iu.exec(digits)
  if (foreign !== null) {
    throw invalidArgument(
      `the thumbprint has the character ${codePoint(foreign[0])}; only the digits 0-9 and A-F are valid`,
    )
  }
  if (digits.length !== sha1Digits && digits.length !== sha256Digits) {
    throw invalidArgument(
      `the thumbprint has ${digits.length} hexadecimal digits; SHA-1 has ${sha1Digits} and SHA-256 ${sha256Digits}`,
    )
  }
  return digits.toUpperCase()
}

/** The SHA-1 thumbprint of a certificate: 40 upper-case hexadecimal digits. It names the certificate and proves nothing. */
export function sha1Thumbprint(certificate: X509Certificate): string {
  return certificate.fingerprint.replaceAll(':', '')
}

/** The SHA-256 thumbprint of a certificate: 64 upper-case hexadecimal digits. */
export function sha256Thumbprint(certificate: X509Certificate): string {
  return certificate.fingerprint256.replaceAll(':', '')
}

/** The thumbprint of a certificate: SHA-256 if the normalised one is, otherwise SHA-1. */
export function thumbprintLike(normalized: string, certificate: X509Certificate): string {
  return normalized.length === sha256Digits ? sha256Thumbprint(certificate) : sha1Thumbprint(certificate)
}

/** The number of positions in `a` at which `b` has another character or none. */
export function differingCharacters(a: string, b: string): number {
  return Array.from(a).filter((character, index) => character !== b[index]).length
}

const sha1Digits = 40
const sha256Digits = 64

/** Enough for SHA-256 with several separators between the pairs of digits. */
const maximumLength = 512

/**
 * Ignored: white space including no-break spaces and U+FEFF, colons, hyphens, soft hyphens, zero-width spaces and joiners, and marks for
 * the direction of writing.
 */
const separators = /[\s:\-\u00AD\u200B-\u200F\u202A-\u202E\u2060\u2066-\u2069]/gu

function codePoint(character: string): string {
  const hexadecimal = (character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')
  // Printable ASCII is also shown itself.
  return /[!-~]/.test(character) ? `U+${hexadecimal} (${character})` : `U+${hexadecimal}`
}

/**
 * By certificate. A ring reads the same certificates again and again, and exporting a key takes longer than the rest.
 */
const keyIds = new WeakMap<X509Certificate, string>()

/** The `kid` of the key that the certificate is for: the thumbprint of its JWK (RFC 7638). */
export function keyIdOf(certificate: X509Certificate): string {
  const known = keyIds.get(certificate)
  if (known !== undefined) return known
  const keyId = jwkThumbprint(certificate.publicKey)
  keyIds.set(certificate, keyId)
  return keyId
}
