import { SealwrightError } from '../errors.ts'

/** An argument is refused. The message has its name and the expected value, never the value itself. */
export function invalidArgument(message: string, cause?: unknown): SealwrightError {
  return new SealwrightError('INVALID_ARGUMENT', message, { cause })
}

/** Input does not have the form that it must have. */
export function invalidEncoding(message: string, cause?: unknown): SealwrightError {
  return new SealwrightError('INVALID_ENCODING', message, { cause })
}

/**
 * Untrusted input exceeds a limit.
 *
 * @param subject such as `the file`
 * @param amount its size
 * @param unit such as `bytes`
 * @param limit the largest size that is allowed
 */
export function limitExceeded(subject: string, amount: number, unit: string, limit: number): SealwrightError {
  return new SealwrightError(
    'LIMIT_EXCEEDED',
    `${subject} has ${amount} ${unit}; at most ${limit} are allowed`,
  )
}
