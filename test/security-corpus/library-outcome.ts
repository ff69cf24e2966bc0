import { isSealwrightError } from '../../packages/core/src/index.ts'

/** The code of the SealwrightError that an action ends with, or `accepted`. Any other error is a fault, and is shown. */
export async function codeOf(action: () => unknown): Promise<string> {
  try {
    await action()
    return 'accepted'
  } catch (error) {
    return isSealwrightError(error) ? error.code : `not a SealwrightError: ${String(error)}`
  }
}
