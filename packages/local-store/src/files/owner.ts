import { constants } from 'node:fs'
import { open, stat, type FileHandle } from 'node:fs/promises'
import { hasErrno } from './file-system-error.ts'

/** The user and group that a file belongs to. */
export interface Owner {
  readonly uid: number
  readonly gid: number
}

/** The owner of a file or folder. Symbolic links are followed. */
export async function ownerOf(path: string): Promise<Owner> {
  const { uid, gid } = await stat(path)
  return { uid, gid }
}

/**
 * Gives a file that root has just created to the user that it is for. With mode 600 that user could not read it otherwise. Other users
 * cannot give files away, and keep theirs.
 *
 * @param handle of a file that this process has created, never of one that was there
 */
export async function giveTo(handle: FileHandle, owner: Owner): Promise<void> {
  if (process.geteuid?.() !== 0 || owner.uid === 0) return
  try {
    await handle.chown(owner.uid, owner.gid)
  } catch (error) {
    // Containers may take the right from root, and some file systems have only one user.
    if (!hasErrno(error, 'EPERM', 'EINVAL', 'ENOTSUP', 'ENOSYS')) throw error
  }
}

/** Gives a folder that root has just created to a user, as {@link giveTo} does. A link that was put in its place is not followed. */
export async function giveFolderTo(folder: string, owner: Owner): Promise<void> {
  if (process.geteuid?.() !== 0 || owner.uid === 0) return
  const handle = await open(folder, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW)
  try {
    await giveTo(handle, owner)
  } finally {
    await handle.close()
  }
}
