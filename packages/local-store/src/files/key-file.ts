import { mkdir, unlink } from 'node:fs/promises'
import { dirname } from 'node:path'
import { SealwrightError } from '@sealwright/core'
import { flushFolder } from '@sealwright/core/internal'
import type { AccessRule } from './access-rule.ts'
import {
  createPrivateFile,
  isWithoutHardLinks,
  removeAbandonedFiles,
  replacePrivateFile,
  type CreateFileOptions,
} from './create-file.ts'
import type { FileState } from './file-state.ts'
import { attempt, fileSystemError, hasErrno } from './file-system-error.ts'
import { giveFolderTo, ownerOf } from './owner.ts'
import { readPrivateFolder } from './private-files.ts'

/**
 * Creates the file of a key as {@link createPrivateFile} does, and its folder where that is missing (mode 700).
 *
 * @param rule what the folder's mode and owner must be
 * @param beforeLink runs right before the file gets its name, and returns what undoes it; see {@link CreateFileOptions}
 * @returns null when the name is taken; nothing is changed
 * @throws SealwrightError `UNSAFE_PERMISSIONS`, `ACCESS_DENIED`, `UNAVAILABLE`, or `UNSUPPORTED_OPERATION` on a file system
 *   without hard links
 */
export async function createKeyFile(
  path: string,
  rule: AccessRule,
  bytes: Uint8Array,
  beforeLink?: CreateFileOptions['beforeLink'],
): Promise<FileState | null> {
  const folder = dirname(path)
  await makeFolder(folder)
  // Another process may have created the folder meanwhile, with another mode.
  const names = await readPrivateFolder(folder, rule)
  await removeAbandonedFiles(folder, names ?? [])
  const state = await writeNew(path, bytes, beforeLink)
  if (state !== null) await flush(folder, `${path} was written, but may be lost in a power failure`)
  return state
}

/** Returns null when the name is taken. */
async function writeNew(
  path: string,
  bytes: Uint8Array,
  beforeLink: CreateFileOptions['beforeLink'],
): Promise<FileState | null> {
  const folder = dirname(path)
  try {
    return await createPrivateFile(path, bytes, { beforeLink, owner: await ownerOf(folder) })
  } catch (error) {
    if (hasErrno(error, 'EEXIST')) return null
    throw isWithoutHardLinks(error)
      ? withoutHardLinks(folder, error)
      : fileSystemError(`cannot write ${path}`, error)
  }
}

/**
 * Replaces the file of a key as {@link replacePrivateFile} does.
 *
 * @returns null when the file was removed or replaced meanwhile; nothing is changed
 * @throws SealwrightError `ACCESS_DENIED`, `UNAVAILABLE`
 */
export function replaceKeyFile(path: string, bytes: Uint8Array, identity: string): Promise<FileState | null> {
  return attempt(`cannot write ${path}`, () => replacePrivateFile(path, bytes, identity), 'ENOENT')
}

/**
 * Removes a file for good.
 *
 * @returns false when the file did not exist
 * @throws SealwrightError `ACCESS_DENIED`, `UNAVAILABLE`
 */
export async function removeFile(path: string): Promise<boolean> {
  const removed = await attempt(`cannot delete ${path}`, () => unlink(path), 'ENOENT')
  if (removed === null) return false
  await flush(dirname(path))
  return true
}

/**
 * Creates the folder and its missing parents with mode 700, and flushes each into its parent. When root creates them, they belong to the
 * owner of the folder that was there.
 */
async function makeFolder(folder: string): Promise<void> {
  if (await madeFolder(folder)) return
  const parent = dirname(folder)
  if (parent !== folder) await makeFolder(parent)
  if (await madeFolder(folder)) return
  // The parent exists by now, so it is a symbolic link whose target is missing.
  throw new SealwrightError(
    'UNAVAILABLE',
    `cannot create the folder ${folder}: ${parent} is a symbolic link whose target is missing`,
  )
}

/** Creates a folder, unless it exists. Returns false when its parent is missing. */
async function madeFolder(folder: string): Promise<boolean> {
  try {
    await mkdir(folder, 0o700)
    await giveFolderTo(folder, await ownerOf(dirname(folder)))
  } catch (error) {
    if (hasErrno(error, 'EEXIST')) return true
    if (hasErrno(error, 'ENOENT')) return false
    throw fileSystemError(`cannot create the folder ${folder}`, error)
  }
  await flush(dirname(folder))
  return true
}

/**
 * Makes the names in a folder survive a power failure.
 *
 * @throws SealwrightError `ACCESS_DENIED`, `UNAVAILABLE`
 */
export async function flush(folder: string, failed = `cannot flush the folder ${folder}`): Promise<void> {
  await attempt(failed, () => flushFolder(folder))
}

function withoutHardLinks(folder: string, cause: unknown): SealwrightError {
  return new SealwrightError(
    'UNSUPPORTED_OPERATION',
    `the file system of ${folder} has no hard links, so two writers could replace each other's key; ` +
      'keep the keys on a local file system, or share one key through a key vault',
    { cause },
  )
}
