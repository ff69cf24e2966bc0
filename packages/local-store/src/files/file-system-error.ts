import { SealwrightError } from '@sealwright/core'

/** Whether the operating system reported one of these `errno` names, such as `ENOENT`. */
export function hasErrno(error: unknown, ...names: readonly string[]): boolean {
  return error instanceof Error && 'code' in error && names.some((name) => name === error.code)
}

/**
 * Runs calls of the file system.
 *
 * @param failed the start of the message, such as `cannot read /keys/my-app.pfx`
 * @param expected the `errno` name that is no error
 * @returns null for the expected error
 * @throws SealwrightError as {@link fileSystemError}; one that `calls` throws is not changed
 */
export async function attempt<T>(
  failed: string,
  calls: () => Promise<T>,
  expected?: string,
): Promise<T | null> {
  try {
    return await calls()
  } catch (error) {
    if (expected !== undefined && hasErrno(error, expected)) return null
    throw error instanceof SealwrightError ? error : fileSystemError(failed, error)
  }
}

/**
 * An error of the file system as a SealwrightError. It is never `NOT_FOUND`: none of these errors proves that a key is absent.
 *
 * @param failed the start of the message, such as `cannot read /keys/my-app.pfx`
 */
export function fileSystemError(failed: string, cause: unknown): SealwrightError {
  const reason = cause instanceof Error && 'code' in cause ? String(cause.code) : String(cause)
  return hasErrno(cause, 'EACCES', 'EPERM', 'EROFS')
    ? new SealwrightError('ACCESS_DENIED', `${failed}: the operating system refuses it (${reason})`, {
        cause,
      })
    : new SealwrightError('UNAVAILABLE', `${failed} (${reason})`, { cause })
}
