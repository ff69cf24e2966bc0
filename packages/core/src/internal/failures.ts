import { SealwrightError } from '../errors.ts'

/** What the caller passed is refused; the message names the argument and what is right, never its value. */
export function invalidArgument(message: string, cause?: unknown): SealwrightError {
  return new SealwrightError('INVALID_ARGUMENT', message, { cause })
}

/**
 * Untrusted input exceeds a limit.
 *
 * @param what such as `the file`
 * @param amount what it has
 * @param unit such as `bytes`
 * @param limit what is allowed
 */
export function limitExceeded(what: string, amount: number, unit: string, limit: number): SealwrightError {
  return new SealwrightError('LIMIT_EXCEEDED', `${what} has ${amount} ${unit}; ${limit} are allowed`)
}
