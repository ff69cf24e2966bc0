import { SealwrightError } from '@sealwright/core'

/** Seconds for `Retry-After`: the next attempt is a second after the last one. */
const retryAfter = 1

const reasons: Readonly<Record<string, string>> = {
  ENOSPC: 'no space is left on the disk',
  EDQUOT: 'the disk quota is used up',
  EROFS: 'the file system is read-only',
  EFBIG: 'the file is too large for its file system or the limit of the process',
  EIO: 'the disk has a fault',
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  EMFILE: 'the process has too many open files',
  ENOENT: 'the folder was deleted',
}

/** A write that failed. */
export function unwritable(path: string, cause: unknown): SealwrightError {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : String(cause)
  const reason = reasons[code]
  return unavailable(`${path} cannot be written (${code}${reason === undefined ? '' : `: ${reason}`})`, cause)
}

export function stuck(path: string): SealwrightError {
  return unavailable(`${path} cannot be written: the disk has not answered for 3 seconds`)
}

export function tooMany(lines: number): SealwrightError {
  return unavailable(
    `${lines} lines of the audit log are waiting to be written; the disk cannot keep up with the tokens`,
  )
}

export function closed(): SealwrightError {
  return unavailable('the audit log is closed')
}

function unavailable(message: string, cause?: unknown): SealwrightError {
  return new SealwrightError('UNAVAILABLE', message, { cause, retryAfter })
}
