import { randomBytes } from 'node:crypto'
import { link, lstat, mkdir, open, readdir, unlink } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { SealwrightError } from '@sealwright/core'
import type { AccessRule } from './access-rule.ts'
import { fileSystemError, hasErrno } from './file-system-error.ts'
import { readPrivateFolder } from './private-files.ts'

/**
 * Writes a new file so that it is there whole or not at all, whatever stops the process or the machine, and so that of
 * several writers one succeeds: a temporary file in the same folder, flushed to disk, then link(2), which unlike rename(2)
 * never replaces anything, then the folder flushed. The mode is 600 from the first moment.
 *
 * @param folder made when it is missing, with mode 700
 * @returns when it was written; null when a file of that name is there, which stays as it was
 * @param rule what the folder's mode and owner must be, whoever made it
 * @throws SealwrightError `UNSAFE_PERMISSIONS`, `ACCESS_DENIED`, `UNAVAILABLE`, or `UNSUPPORTED_OPERATION` on a file system
 *   without hard links
 */
export async function writeNewFile(
  folder: string,
  rule: AccessRule,
  fileName: string,
  bytes: Uint8Array,
): Promise<Date | null> {
  await makeFolder(folder)
  // Somebody else may have made it since it was looked for.
  await readPrivateFolder(folder, rule)
  await removeAbandonedFiles(folder)
  const path = join(folder, fileName)
  const temporaryPath = join(folder, `.sealwright-${randomBytes(16).toString('hex')}.tmp`)
  let modifiedAt: Date
  try {
    modifiedAt = await writeTemporaryFile(temporaryPath, bytes)
    await link(temporaryPath, path)
  } catch (error) {
    if (hasErrno(error, 'EEXIST')) return null
    throw isWithoutHardLinks(error)
      ? withoutHardLinks(folder, error)
      : fileSystemError(`cannot write ${path}`, error)
  } finally {
    // Left behind it harms nobody: it is as private as the file, readers pass it over and a later writer removes it.
    await unlink(temporaryPath).catch(() => undefined)
  }
  await flushFolder(folder)
  return modifiedAt
}

/**
 * Removes a file for good.
 *
 * @returns false when there was none
 * @throws SealwrightError `ACCESS_DENIED`, `UNAVAILABLE`
 */
export async function removeFile(path: string): Promise<boolean> {
  try {
    await unlink(path)
  } catch (error) {
    if (hasErrno(error, 'ENOENT')) return false
    throw fileSystemError(`cannot delete ${path}`, error)
  }
  await flushFolder(dirname(path))
  return true
}

/** Returns the file's modification time: link(2) leaves it as it is. */
async function writeTemporaryFile(path: string, bytes: Uint8Array): Promise<Date> {
  const handle = await open(path, 'wx', 0o600)
  try {
    await handle.writeFile(bytes)
    await handle.sync()
    return (await handle.stat()).mtime
  } finally {
    await handle.close()
  }
}

/** Makes the folder and those above it that are missing, mode 700, each flushed into its parent. */
async function makeFolder(folder: string): Promise<void> {
  if (await madeFolder(folder)) return
  const parent = dirname(folder)
  if (parent !== folder) await makeFolder(parent)
  if (await madeFolder(folder)) return
  // The parent is there by now, so it is a link that leads nowhere: no place for keys.
  throw new SealwrightError('UNAVAILABLE', `cannot make the folder ${folder}: ${parent} leads nowhere`)
}

/** false when the parent is missing. */
async function madeFolder(folder: string): Promise<boolean> {
  try {
    await mkdir(folder, 0o700)
  } catch (error) {
    if (hasErrno(error, 'EEXIST')) return true
    if (hasErrno(error, 'ENOENT')) return false
    throw fileSystemError(`cannot make the folder ${folder}`, error)
  }
  await flushFolder(dirname(folder))
  return true
}

const temporaryName = /^\.sealwright-[0-9a-f]{32}\.tmp$/
const abandonedAfterMilliseconds = 60 * 60 * 1000

/** Removes what writers that were killed have left; no write takes an hour. Failing at it is no reason not to write. */
async function removeAbandonedFiles(folder: string): Promise<void> {
  const names = await readdir(folder).catch(() => [])
  const candidates = names.filter((name) => temporaryName.test(name)).map((name) => join(folder, name))
  await Promise.allSettled(
    candidates.map(async (path) => {
      const { mtimeMs } = await lstat(path)
      if (Date.now() - mtimeMs > abandonedAfterMilliseconds) await unlink(path)
    }),
  )
}

/** A new name survives a power failure only once its folder is on disk. Windows cannot flush folders and need not. */
async function flushFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return
  try {
    const handle = await open(folder, 'r')
    try {
      await handle.sync()
    } finally {
      await handle.close()
    }
  } catch (error) {
    // What network and FUSE file systems answer that have no such operation.
    if (hasErrno(error, 'EINVAL', 'ENOTSUP')) return
    throw fileSystemError(`cannot flush the folder ${folder}`, error)
  }
}

/** Linux answers EPERM where the file system has no links, others ENOTSUP or ENOSYS. */
function isWithoutHardLinks(error: unknown): boolean {
  return (
    hasErrno(error, 'EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS') &&
    error instanceof Error &&
    'syscall' in error &&
    error.syscall === 'link'
  )
}

function withoutHardLinks(folder: string, cause: unknown): SealwrightError {
  return new SealwrightError(
    'UNSUPPORTED_OPERATION',
    `the file system of ${folder} has no hard links, without which two writers could replace each other's key; ` +
      'keep the keys on a local file system, or share one key through a key vault',
    { cause },
  )
}
