/** The codes of RFC 6749 §5.2, and the two of §4.1.2.1 for faults of the server. */
export type OAuthErrorCode =
  | 'invalid_request'
  | 'invalid_client'
  | 'unauthorized_client'
  | 'unsupported_grant_type'
  | 'invalid_scope'
  | 'server_error'
  | 'temporarily_unavailable'

/** A request that is answered with an error of RFC 6749 §5.2. */
export class OAuthError extends Error {
  readonly error: OAuthErrorCode
  /** The HTTP status. */
  readonly statusCode: number
  readonly headers: Readonly<Record<string, string>>
  /** For the log: the description, or the reason that the description keeps from the client. */
  readonly reason: string
  /** For the log: the client of the settings that the request names, whether or not that client sent it. */
  readonly clientId: string | undefined

  /**
   * @param description for the developer of the client, as `error_description`: it tells nothing about other clients and
   *   quotes no credentials
   */
  constructor(
    error: OAuthErrorCode,
    description: string,
    options: {
      statusCode?: number
      headers?: Readonly<Record<string, string>>
      reason?: string | undefined
      clientId?: string | undefined
      cause?: unknown
    } = {},
  ) {
    super(errorDescription(description), options.cause === undefined ? {} : { cause: options.cause })
    this.name = 'OAuthError'
    this.error = error
    this.statusCode = options.statusCode ?? 400
    this.headers = options.headers ?? {}
    this.reason = options.reason ?? this.message
    this.clientId = options.clientId
  }

  /** The body of the answer. */
  toJSON(): { error: OAuthErrorCode; error_description: string } {
    return { error: this.error, error_description: this.message }
  }
}

export function invalidRequest(description: string, statusCode = 400): OAuthError {
  return new OAuthError('invalid_request', description, { statusCode })
}

/**
 * A limit of this server (RFC 6585 §4).
 *
 * @param milliseconds until a request may be accepted again
 */
export function tooManyRequests(
  description: string,
  milliseconds: number,
  options: { readonly clientId?: string | undefined } = {},
): OAuthError {
  const seconds = String(Math.ceil(milliseconds / 1000))
  return new OAuthError('temporarily_unavailable', `${description}; retry after ${seconds} seconds`, {
    statusCode: 429,
    headers: { 'retry-after': seconds },
    reason: description,
    ...options,
  })
}

/**
 * The client is unknown or its authentication failed. The status is always 401, with a challenge: RFC 6749 §5.2 requires
 * both for clients that use the Authorization header, RFC 9110 §15.5.2 requires a challenge with every 401.
 *
 * @param options.reason for the log, where the description must not tell it to the client
 */
export function invalidClient(
  description: string,
  options: {
    readonly reason?: string | undefined
    readonly clientId?: string | undefined
    readonly cause?: unknown
  } = {},
): OAuthError {
  return new OAuthError('invalid_client', description, {
    statusCode: 401,
    headers: { 'www-authenticate': 'Basic realm="token endpoint", charset="UTF-8"' },
    ...options,
  })
}

/** Replaces the characters that RFC 6749 §5.2 and RFC 6750 §3 forbid in `error_description`. */
export function errorDescription(text: string): string {
  return text.replace(/[^\x20-\x21\x23-\x5b\x5d-\x7e]/g, '?')
}
