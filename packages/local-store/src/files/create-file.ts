import { randomBytes } from 'node:crypto'
import { link, lstat, open, realpath, rename, stat, unlink } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { flushFolder } from '@sealwright/core/internal'
import { fileState, type FileState } from './file-state.ts'
import { hasErrno } from './file-system-error.ts'
import { giveTo, ownerOf, type Owner } from './owner.ts'

const root: Owner = { uid: 0, gid: 0 }

/** Options of {@link createPrivateFile}. */
export interface CreateFileOptions {
  /**
   * What happens on a file system without hard links: `refuse` throws the error of link(2); `in-place` writes under the final
   * name, so a crash can leave half a file. Default `refuse`.
   */
  readonly withoutHardLinks?: 'refuse' | 'in-place' | undefined
  /**
   * Runs when all bytes are on disk, right before the file gets its name. When it throws, there is no file. It returns what undoes it,
   * which runs when the file is proven to have no name.
   */
  readonly beforeLink?: (() => Promise<() => Promise<void>>) | undefined
  /** Who gets the file when root creates it. Default root. */
  readonly owner?: Owner | undefined
}

/**
 * Creates a file with mode 600. The file appears whole or not at all, even if the process or the machine stops: it is written to a
 * temporary file in the same folder, flushed, and given its name with link(2). Unlike rename(2), link(2) never replaces a file, so
 * of several writers one succeeds.
 *
 * The caller then flushes the folder with `flushFolder`. Where that fails the file is there, and others may have read it.
 *
 * @param path in a folder that exists
 * @throws the error of `node:fs`; `EEXIST` when the name is taken
 */
export async function createPrivateFile(
  path: string,
  content: Uint8Array | string,
  { withoutHardLinks = 'refuse', beforeLink, owner = root }: CreateFileOptions = {},
): Promise<FileState> {
  return withTemporaryFile(dirname(path), content, owner, async (temporaryPath, written) => {
    const undo = await beforeLink?.()
    try {
      await link(temporaryPath, path)
      return written
    } catch (error) {
      if (await isSameFile(temporaryPath, path)) return written
      if (withoutHardLinks === 'in-place' && isWithoutHardLinks(error)) {
        return writeFlushed(path, content, owner)
      }
      // What stays does no harm: it is about a file that does not exist.
      await undo?.().catch(() => undefined)
      throw error
    }
  })
}

/**
 * Whether the path is a name of the file. When NFS loses the answer to a link(2) that succeeded, the client repeats the call, which then
 * fails with EEXIST.
 *
 * @throws the error of `node:fs` when that cannot be proven either way
 */
async function isSameFile(file: string, path: string): Promise<boolean> {
  const own = await lstat(file, { bigint: true })
  try {
    const named = await lstat(path, { bigint: true })
    return named.dev === own.dev && named.ino === own.ino
  } catch (error) {
    if (hasErrno(error, 'ENOENT')) return false
    throw error
  }
}

/**
 * Replaces a file that was read. Readers see the old bytes or the new ones, never a mixture. The mode is 600. When root replaces a file,
 * its owner stays. A symbolic link stays, too; its target is replaced.
 *
 * @param identity of the file that was read
 * @returns null when the path leads to another file by now; that file is not changed. The comparison is right before rename(2). No
 *   system call does both at once, so a file that another process writes between the two is lost.
 * @throws the error of `node:fs`
 */
export async function replacePrivateFile(
  path: string,
  content: Uint8Array,
  identity: string,
): Promise<FileState | null> {
  const target = await realpath(path)
  const folder = dirname(target)
  const owner = await ownerOf(target)
  const state = await withTemporaryFile(folder, content, owner, async (temporaryPath, written) => {
    if (fileState(await stat(target)).identity !== identity) return null
    await rename(temporaryPath, target)
    return written
  })
  if (state !== null) await flushFolder(folder)
  return state
}

/** Writes a temporary file, and removes it when `use` is done, unless `use` has moved it. */
async function withTemporaryFile<Result>(
  folder: string,
  content: Uint8Array | string,
  owner: Owner,
  use: (path: string, state: FileState) => Promise<Result>,
): Promise<Result> {
  const path = join(folder, `.sealwright-${randomBytes(16).toString('hex')}.tmp`)
  try {
    return await use(path, await writeFlushed(path, content, owner))
  } finally {
    // If it stays, it does no harm: it is private, readers ignore it, and a later writer removes it.
    await unlink(path).catch(() => undefined)
  }
}

/** Writes a new file and flushes it. A half-written one is removed. */
async function writeFlushed(path: string, content: Uint8Array | string, owner: Owner): Promise<FileState> {
  const handle = await open(path, 'wx', 0o600)
  try {
    await giveTo(handle, owner)
    await handle.writeFile(content)
    await handle.sync()
    return fileState(await handle.stat())
  } catch (error) {
    await unlink(path).catch(() => undefined)
    throw error
  } finally {
    await handle.close()
  }
}

/** Whether link(2) failed because the file system has no links: EPERM on Linux, ENOTSUP or ENOSYS elsewhere. */
export function isWithoutHardLinks(error: unknown): boolean {
  return (
    hasErrno(error, 'EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS') &&
    error instanceof Error &&
    'syscall' in error &&
    error.syscall === 'link'
  )
}

const temporaryName = /^\.sealwright-[0-9a-f]{32}\.tmp$/
const abandonedAfterMilliseconds = 60 * 60 * 1000

/**
 * Removes the temporary files of writers that were killed. A write takes far less than an hour. Failures are ignored.
 *
 * @param names of the files in the folder
 */
export async function removeAbandonedFiles(folder: string, names: readonly string[]): Promise<void> {
  const candidates = names.filter((name) => temporaryName.test(name)).map((name) => join(folder, name))
  await Promise.allSettled(
    candidates.map(async (path) => {
      const { mtimeMs } = await lstat(path)
      if (Date.now() - mtimeMs > abandonedAfterMilliseconds) await unlink(path)
    }),
  )
}
