import { SealwrightError } from '@sealwright/core'

/** The error for a setting that is not valid. The message names the setting and quotes nothing that may be secret. */
export function invalidSetting(message: string, cause?: unknown): SealwrightError {
  return new SealwrightError('INVALID_ARGUMENT', message, cause === undefined ? {} : { cause })
}

/** The message of an error of the operating system or of another package. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
