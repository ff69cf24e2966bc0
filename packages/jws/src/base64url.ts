/** Base64url without padding (RFC 7515 §2). */
export function base64url(bytes: Uint8Array): string {
  const buffer = Buffer.isBuffer(bytes)
    ? bytes
    : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return buffer.toString('base64url')
}

/** Base64url of the text as UTF-8. */
export function base64urlText(text: string): string {
  return Buffer.from(text).toString('base64url')
}
