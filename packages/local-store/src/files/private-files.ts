import { constants } from 'node:fs'
import { lstat, open, readdir, type FileHandle } from 'node:fs/promises'
import { SealwrightError } from '@sealwright/core'
import { invalidEncoding, limitExceeded } from '@sealwright/core/internal'
import { checkAccess, type AccessRule } from './access-rule.ts'
import { fileState, type FileState } from './file-state.ts'
import { attempt, fileSystemError, hasErrno } from './file-system-error.ts'

export interface PrivateFile extends FileState {
  readonly bytes: Uint8Array
}

/** A PFX with a key and a long chain has about 10 KiB. */
const maximumFileSize = 1024 * 1024

/**
 * Reads a file with a private key in it. Symbolic links are followed, since that is how Kubernetes mounts secrets; the
 * file that they lead to is checked.
 *
 * @returns null when there is proven to be no file of that name
 * @throws SealwrightError `UNSAFE_PERMISSIONS`, `ACCESS_DENIED`, `UNAVAILABLE`, `LIMIT_EXCEEDED` over 1 MiB,
 *   `INVALID_ENCODING` when it is no regular file
 */
export async function readPrivateFile(path: string, rule: AccessRule): Promise<PrivateFile | null> {
  // Without O_NONBLOCK, opening a named pipe blocks. Windows has neither.
  const handle = await openExisting(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0))
  if (handle === null) return null
  try {
    const stats = await handle.stat()
    if (!stats.isFile()) throw invalidEncoding(`${path} is not a file`)
    checkAccess(stats, 'file', path, rule.forbiddenInFile)
    if (stats.size > maximumFileSize) {
      throw limitExceeded(`the file ${path}`, stats.size, 'bytes', maximumFileSize)
    }
    // One byte more than the size, so that a file that grows meanwhile is noticed.
    const buffer = new Uint8Array(stats.size + 1)
    const length = await readInto(handle, buffer)
    if (length !== stats.size) {
      throw new SealwrightError('UNAVAILABLE', `the file ${path} changed while it was read; try again`)
    }
    return { bytes: buffer.subarray(0, length), ...fileState(stats) }
  } catch (error) {
    throw error instanceof SealwrightError ? error : fileSystemError(`cannot read ${path}`, error)
  } finally {
    await handle.close()
  }
}

/**
 * The names in a folder of private keys, sorted.
 *
 * @returns null when there is proven to be no such folder
 * @throws SealwrightError `UNSAFE_PERMISSIONS`, `ACCESS_DENIED`, `UNAVAILABLE`
 */
export function readPrivateFolder(path: string, rule: AccessRule): Promise<readonly string[] | null> {
  const read = async (): Promise<readonly string[] | null> => {
    if (process.platform !== 'win32') {
      const handle = await openExisting(path, constants.O_RDONLY | constants.O_DIRECTORY)
      if (handle === null) return null
      try {
        checkAccess(await handle.stat(), 'folder', path, rule.forbiddenInFolder)
      } finally {
        await handle.close()
      }
    }
    return (await readdir(path)).toSorted()
  }
  return attempt(`cannot read the folder ${path}`, read, 'ENOENT')
}

/** @throws SealwrightError as {@link readPrivateFile}; `NOT_FOUND` when there is proven to be no file of that name */
export async function readExistingFile(path: string, rule: AccessRule): Promise<PrivateFile> {
  const file = await readPrivateFile(path, rule)
  if (file === null) throw new SealwrightError('NOT_FOUND', `there is no file ${path}`)
  return file
}

/** The open file; null when there is proven to be none. */
async function openExisting(path: string, flags: number): Promise<FileHandle | null> {
  try {
    return await open(path, flags)
  } catch (error) {
    if (!hasErrno(error, 'ENOENT')) throw fileSystemError(`cannot read ${path}`, error)
    // The target of a link may be on a volume that is not mounted yet.
    if (await isSymbolicLink(path))
      throw fileSystemError(`${path} is a symbolic link whose target is missing`, error)
    // There may be a file by now, but there was none when it was opened.
    return null
  }
}

async function isSymbolicLink(path: string): Promise<boolean> {
  const stats = await attempt(`cannot read ${path}`, () => lstat(path), 'ENOENT')
  return stats?.isSymbolicLink() === true
}

/** Reads until the buffer is full or the file ends; returns the number of bytes. */
async function readInto(handle: FileHandle, buffer: Uint8Array): Promise<number> {
  let length = 0
  while (length < buffer.length) {
    // Each read starts where the one before it ended.
    // oxlint-disable-next-line no-await-in-loop
    const { bytesRead } = await handle.read(buffer, length, buffer.length - length, length)
    if (bytesRead === 0) break
    length += bytesRead
  }
  return length
}
