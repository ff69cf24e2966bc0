import type { Stats } from 'node:fs'
import { isAbsolute, resolve, sep } from 'node:path'
import { SealwrightError } from '@sealwright/core'

/** The POSIX modes and owners that a store accepts for its folder and the files in it. */
export interface AccessRule {
  /** Mode bits that the folder must not have; null checks neither its mode nor its owner. */
  readonly forbiddenInFolder: number | null
  /** Mode bits that a file must not have; null checks neither its mode nor its owner. */
  readonly forbiddenInFile: number | null
}

/** Only the owner has access: `chmod 700` for folders, `chmod 600` for files. */
export const ownerOnly: AccessRule = { forbiddenInFolder: 0o077, forbiddenInFile: 0o077 }

/** As {@link ownerOnly}, but others may list the folder: .NET makes it with mode 755. */
export const ownerWrites: AccessRule = { forbiddenInFolder: 0o022, forbiddenInFile: 0o077 }

/** No checks: a platform made the files and is responsible for them. */
export const unchecked: AccessRule = { forbiddenInFolder: null, forbiddenInFile: null }

/**
 * Checks an open file or folder. If a path were checked, the file could be exchanged before it is opened.
 *
 * On Windows it checks nothing: Node derives the modes there from the read-only attribute and cannot see access control lists.
 *
 * @param stats of the open descriptor
 * @param forbidden mode bits it must not have; null checks nothing
 * @throws SealwrightError `UNSAFE_PERMISSIONS` with the command that fixes it
 */
export function checkAccess(
  stats: Stats,
  kind: 'file' | 'folder',
  path: string,
  forbidden: number | null,
): void {
  const user = process.geteuid?.()
  if (forbidden === null || user === undefined) return
  // Root can read everything, so a file of root is no more exposed than one's own. And root itself opens the files of the users that
  // it runs programs for.
  if (stats.uid !== user && stats.uid !== 0 && user !== 0) {
    throw new SealwrightError(
      'UNSAFE_PERMISSIONS',
      `the ${kind} ${path} is owned by user ${stats.uid}, who can replace the private key, and this process runs as user ${user}; ` +
        `run: sudo chown ${user} ${shellQuote(path)}`,
    )
  }
  // A file of root may be readable by a group of this process: that is how Kubernetes mounts a secret (mode 0440, fsGroup).
  // If root runs this, a file of root's own group is no such mount.
  const isMount = stats.uid === 0 && isOwnGroup(stats.gid) && (user !== 0 || stats.gid !== 0)
  const allowed = kind === 'file' && (isMount || isCredential(stats, path)) ? 0o040 : 0
  if ((stats.mode & forbidden & ~allowed) !== 0) {
    const mode = (stats.mode & 0o777).toString(8).padStart(3, '0')
    throw new SealwrightError(
      'UNSAFE_PERMISSIONS',
      `the ${kind} ${path} has mode ${mode}, so other users can access the private key; ` +
        `run: chmod ${kind === 'folder' ? '700' : '600'} ${shellQuote(path)}`,
    )
  }
}

/**
 * Whether systemd mounts the file only for this service (`LoadCredential=`): root's, read-only, with an access control list that lets
 * the service's user read it. The mask of the list takes the place of the group's mode bits, so the mode is 0440.
 */
function isCredential({ uid, gid, mode }: Stats, path: string): boolean {
  const folder = process.env['CREDENTIALS_DIRECTORY'] ?? ''
  const isInside = isAbsolute(folder) && resolve(path).startsWith(resolve(folder) + sep)
  return isInside && uid === 0 && gid === 0 && (mode & 0o777) === 0o440
}

function isOwnGroup(group: number): boolean {
  return process.getegid?.() === group || process.getgroups?.().includes(group) === true
}

function shellQuote(path: string): string {
  return /^[\w@%+=:,./-]+$/.test(path) ? path : `'${path.replaceAll("'", String.raw`'\''`)}'`
}
