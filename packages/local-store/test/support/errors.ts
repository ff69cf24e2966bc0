import { isSealwrightError, type ErrorCode } from '@sealwright/core'

/** The message of the SealwrightError that `action` ends with, which has to be one of that code. */
export async function failure(code: ErrorCode, action: () => unknown): Promise<string> {
  let result: unknown
  try {
    result = await action()
  } catch (error) {
    if (isSealwrightError(error, code)) return error.message
    throw error
  }
  throw new Error(`expected ${code}, got the result ${String(result)}`)
}
