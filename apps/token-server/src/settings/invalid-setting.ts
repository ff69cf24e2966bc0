import { SealwrightError } from '@sealwright/core'

/** The error of every setting that is refused. The message names the setting and does not quote what may be secret. */
export function invalidSetting(message: string, cause?: unknown): SealwrightError {
  return new SealwrightError('INVALID_ARGUMENT', message, cause === undefined ? {} : { cause })
}

/** What an error of the operating system or of another package says. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
