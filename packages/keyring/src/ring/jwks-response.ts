import { SealwrightError } from '@sealwright/core'
import { entityTag, type PublishedJwks } from './jwks.ts'

/** An HTTP response for any server. */
export interface JwksResponse {
  /** 200 with the document, 304 if the client has it, 503 while there is no document. */
  readonly status: 200 | 304 | 503
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>
  /** JSON; empty for 304 and 503. */
  readonly body: string
}

/** How to send a document. */
interface Representation {
  /** The media type. */
  readonly type: string
  /** Seconds that a client may keep it. */
  readonly maxAge: number
  /** Default: a digest of the body. */
  readonly etag?: string
}

const cors = { 'access-control-allow-origin': '*' }

/**
 * Answers a request for a JWK Set: 200, 304 for one that the client has, or 503 while there is none.
 *
 * @param maxAge seconds
 */
export function respondWithJwks(
  read: () => PublishedJwks,
  maxAge: number,
  ifNoneMatch: string | undefined,
): JwksResponse {
  let jwks: PublishedJwks
  try {
    jwks = read()
  } catch (error) {
    const retryAfter = error instanceof SealwrightError ? (error.retryAfter ?? 5) : 5
    return {
      status: 503,
      headers: { ...cors, 'cache-control': 'no-store', 'retry-after': String(retryAfter) },
      body: '',
    }
  }
  return respondWith(jwks.body, { type: 'application/jwk-set+json', maxAge, etag: jwks.etag }, ifNoneMatch)
}

/** Answers a request for a document: 200, or 304 for one that the client has. */
export function respondWith(
  body: string,
  { type, maxAge, etag = entityTag(body) }: Representation,
  ifNoneMatch: string | undefined,
): JwksResponse {
  const headers = { ...cors, 'cache-control': `public, max-age=${maxAge}, must-revalidate`, etag }
  if (matches(ifNoneMatch, etag)) return { status: 304, headers, body: '' }
  return { status: 200, headers: { ...headers, 'content-type': type }, body }
}

/** RFC 9110 §13.1.2: a list of tags, weak ones too, or `*`. */
function matches(ifNoneMatch: string | undefined, etag: string): boolean {
  if (ifNoneMatch === undefined) return false
  return ifNoneMatch.split(',').some((tag) => ['*', etag, `W/${etag}`].includes(tag.trim()))
}
