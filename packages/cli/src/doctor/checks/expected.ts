import { isSealwrightError, type SealwrightError } from '@sealwright/core'

/** An error that is a result of the examination. Any other error is a bug in this program. */
export function expected(error: unknown): SealwrightError {
  if (isSealwrightError(error)) return error
  throw error
}
