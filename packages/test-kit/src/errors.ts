/** What a promise rejects with; the test fails when it does not. */
export async function rejection(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise
  } catch (error) {
    return error
  }
  throw new Error('the promise did not reject')
}

/**
 * The message of the SealwrightError that `action` throws or rejects with. The test fails when there is no such error or it has
 * another code.
 */
export async function failure(code: string, action: () => unknown): Promise<string> {
  let result: unknown
  try {
    result = await action()
  } catch (error) {
    if (error instanceof Error && error.name === 'SealwrightError' && Reflect.get(error, 'code') === code) {
      return error.message
    }
    throw error
  }
  throw new Error(`expected ${code}, got the result ${String(result)}`)
}
