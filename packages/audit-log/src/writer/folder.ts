import { access, constants, mkdir, stat } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { SealwrightError } from '@sealwright/core'
import { aFolderPath, flushFolder } from '@sealwright/core/internal'
import { readSeenHeads } from './read-stream-ends.ts'

/**
 * Checks that `openAuditLog` can use a folder, and changes nothing. A folder that does not exist can be used if it can be created. A full
 * disk is not noticed.
 *
 * @param folder absolute, or relative to the process's working folder
 * @throws SealwrightError `INVALID_ARGUMENT`; `UNSAFE_PERMISSIONS`, `ACCESS_DENIED` or `UNAVAILABLE`, as `openAuditLog`
 *
 * @example
 * ```ts
 * import { checkAuditFolder } from '@sealwright/audit-log'
 *
 * await checkAuditFolder('/var/log/tokens')
 * ```
 */
export async function checkAuditFolder(folder: string): Promise<void> {
  aFolderPath('folder', folder)
  await nameFolder(folder, async () => {
    const existing = await nearestExisting(resolve(folder))
    if (existing === resolve(folder)) await checkFolder(folder)
    // A file in the place of a folder ends in ENOTDIR.
    await access(`${existing}/.`, constants.W_OK | constants.X_OK)
  })
}

/**
 * Creates the folder with mode 700 if there is none.
 *
 * @returns the ends of the streams that are in the folder
 * @throws SealwrightError `UNSAFE_PERMISSIONS`, `ACCESS_DENIED` or `UNAVAILABLE`
 */
export function prepareFolder(folder: string): ReturnType<typeof readSeenHeads> {
  return nameFolder(folder, async () => {
    // Without `..`: mkdir would create, and return, a folder that is not above this one.
    const path = resolve(folder)
    const first = await mkdir(path, { recursive: true, mode: 0o700 })
    if (first !== undefined) await flushNames(path, first)
    return checkFolder(path)
  })
}

/** Flushes the names of new folders, from the last one to the first. */
async function flushNames(folder: string, first: string): Promise<void> {
  await flushFolder(dirname(folder))
  if (folder !== first) await flushNames(dirname(folder), first)
}

async function checkFolder(folder: string): ReturnType<typeof readSeenHeads> {
  const { mode } = await stat(folder)
  // With the sticky bit only the owner of a file can delete it.
  if (process.platform !== 'win32' && (mode & 0o002) !== 0 && (mode & 0o1000) === 0) {
    throw new SealwrightError(
      'UNSAFE_PERMISSIONS',
      `every user may delete files in the audit folder ${folder}; run: chmod o-w ${folder}`,
    )
  }
  return readSeenHeads(folder)
}

async function nearestExisting(path: string): Promise<string> {
  const exists = await stat(path).then(
    () => true,
    (error: unknown) => {
      if (errnoOf(error) === 'ENOENT' && dirname(path) !== path) return false
      throw error
    },
  )
  return exists ? path : nearestExisting(dirname(path))
}

/** Errors of the file system as errors of the folder. */
async function nameFolder<T>(folder: string, use: () => Promise<T>): Promise<T> {
  try {
    return await use()
  } catch (cause) {
    if (cause instanceof SealwrightError) throw cause
    const code = errnoOf(cause)
    const isDenied = code === 'EACCES' || code === 'EPERM' || code === 'EROFS'
    throw new SealwrightError(
      isDenied ? 'ACCESS_DENIED' : 'UNAVAILABLE',
      `the audit folder ${folder} cannot be used (${code})`,
      { cause },
    )
  }
}

function errnoOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : String(error)
}
