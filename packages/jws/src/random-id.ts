import { randomBytes } from 'node:crypto'

const idLength = 22
// Base64url text, from which ids are cut: one call into OpenSSL for hundreds of them. Empty until the first is asked for.
let pool = ''
let used = 0

/** At least 128 random bits as 22 characters of base64url: a `jti` that nobody else makes (RFC 7519 §4.1.7). */
export function randomId(): string {
  if (used + idLength > pool.length) {
    pool = randomBytes(6144).toString('base64url')
    used = 0
  }
  const start = used
  used += idLength
  return pool.slice(start, used)
}
