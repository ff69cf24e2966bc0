import { bearerToken, type RequestHeaders } from '@sealwright/core/internal'
import { errorDescription } from '../oauth/errors.ts'

/** The refusal of a request for a protected resource (RFC 6750 §3). */
export class BearerError extends Error {
  readonly statusCode: 400 | 401 | 403
  /** null for a request without a token (RFC 6750 §3.1). */
  readonly error: 'invalid_request' | 'invalid_token' | 'insufficient_scope' | null
  /** The `WWW-Authenticate` header. */
  readonly challenge: string

  constructor(
    statusCode: BearerError['statusCode'],
    error: BearerError['error'],
    description: string,
    scope?: string,
  ) {
    super(errorDescription(description))
    this.name = 'BearerError'
    this.statusCode = statusCode
    this.error = error
    this.challenge =
      'Bearer realm="api"' +
      (error === null ? '' : `, error="${error}", error_description="${this.message}"`) +
      (scope === undefined ? '' : `, scope="${scope}"`)
  }

  /** The body of the answer. */
  toJSON(): { error?: string; error_description: string } {
    return { ...(this.error !== null && { error: this.error }), error_description: this.message }
  }
}

/**
 * The bearer token of a request.
 *
 * @throws BearerError
 */
export function readBearerToken(request: RequestHeaders): string {
  const read = bearerToken(request)
  if (read.token !== null) return read.token
  if (read.problem !== null) throw new BearerError(400, 'invalid_request', read.problem)
  throw new BearerError(401, null, 'send an access token in the Authorization header')
}
