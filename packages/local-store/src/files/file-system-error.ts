import { SealwrightError } from '@sealwright/core'

/** Whether the operating system reported one of these `errno` names, such as `ENOENT`. */
export function hasErrno(error: unknown, ...names: readonly string[]): boolean {
  return error instanceof Error && 'code' in error && names.some((name) => name === error.code)
}

/**
 * An error of the file system in Sealwright's terms. There is no `NOT_FOUND` among them: what is absent is told apart
 * where that can be proven, and everything here leaves it open whether a key exists.
 *
 * @param failed what could not be done and to which path, such as `cannot read /keys/my-app.pfx`
 */
export function fileSystemError(failed: string, cause: unknown): SealwrightError {
  const reason = cause instanceof Error && 'code' in cause ? String(cause.code) : String(cause)
  return hasErrno(cause, 'EACCES', 'EPERM', 'EROFS')
    ? new SealwrightError('ACCESS_DENIED', `${failed}: the operating system refuses it (${reason})`, {
        cause,
      })
    : new SealwrightError('UNAVAILABLE', `${failed} (${reason})`, { cause })
}
