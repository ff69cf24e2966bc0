import { randomBytes } from 'node:crypto'

/** The length of an id. */
export const idLength = 22
// Random base64url text for hundreds of ids, so that OpenSSL is rarely called. Empty until the first id is needed.
let pool = ''
let used = 0

/** At least 128 random bits as 22 characters of base64url: a unique `jti` (RFC 7519 §4.1.7). */
export function randomId(): string {
  if (used + idLength > pool.length) {
    pool = randomBytes(6144).toString('base64url')
    used = 0
  }
  const start = used
  used += idLength
  return pool.slice(start, used)
}
