import { isSealwrightError, type ErrorCode } from '@sealwright/core'

/**
 * The 4xx status of a Fastify error, such as that for an incomplete body. null for any other error.
 */
export function clientErrorStatus(error: unknown): number | null {
  if (!(error instanceof Error) || !('statusCode' in error)) return null
  const { statusCode } = error
  return typeof statusCode === 'number' && statusCode >= 400 && statusCode < 500 ? statusCode : null
}

/** Seconds for `Retry-After` when the key cannot be used and its store does not say for how long. */
const defaultRetryAfter = 5

/**
 * Temporary failures: the key's store is down or has returned a wrong signature, or an administrator has taken away
 * the permission or the key. Any other failure is a fault of this program.
 */
const passingFailures: ReadonlySet<ErrorCode> = new Set([
  'UNAVAILABLE',
  'TIMEOUT',
  'ACCESS_DENIED',
  'INVALID_SIGNATURE',
  'NOT_FOUND',
])

/** The seconds for `Retry-After` if the error is a temporary failure of the key. null for any other error. */
export function retryAfterOf(error: unknown): number | null {
  if (isSealwrightError(error))
    return passingFailures.has(error.code) ? (error.retryAfter ?? defaultRetryAfter) : null
  return error instanceof Error && error.name === 'TimeoutError' ? defaultRetryAfter : null
}
