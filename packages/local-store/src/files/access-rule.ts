import type { Stats } from 'node:fs'
import { SealwrightError } from '@sealwright/core'

/** What a store demands of the POSIX modes and owners of the private keys in its folder. */
export interface AccessRule {
  /** Mode bits that the folder must not have; null checks neither its mode nor its owner. */
  readonly forbiddenInFolder: number | null
  /** Mode bits that a file must not have; null checks neither its mode nor its owner. */
  readonly forbiddenInFile: number | null
}

/** Nobody but the owner gets in: `chmod 700` for folders, `chmod 600` for files. */
export const ownerOnly: AccessRule = { forbiddenInFolder: 0o077, forbiddenInFile: 0o077 }

/** As {@link ownerOnly}, but others may see what the folder is called to hold: .NET makes it with mode 755. */
export const ownerWrites: AccessRule = { forbiddenInFolder: 0o022, forbiddenInFile: 0o077 }

/** A platform made the files and answers for them. */
export const unchecked: AccessRule = { forbiddenInFolder: null, forbiddenInFile: null }

/**
 * Checks an open file or folder; a path could be another file's by the time it is opened.
 *
 * Windows is left out: Node shows modes there that it makes up from the read-only attribute, and its access control
 * lists are not to be seen through `fs`.
 *
 * @param stats of the open descriptor
 * @param forbidden mode bits it must not have; null checks nothing
 * @throws SealwrightError `UNSAFE_PERMISSIONS` with the command that mends it
 */
export function checkAccess(
  stats: Stats,
  kind: 'file' | 'folder',
  path: string,
  forbidden: number | null,
): void {
  const user = process.geteuid?.()
  if (forbidden === null || user === undefined) return
  // Root may read everything, so what belongs to root is no more exposed than what is one's own; and root itself opens
  // the files of the users it runs things for.
  if (stats.uid !== user && stats.uid !== 0 && user !== 0) {
    throw new SealwrightError(
      'UNSAFE_PERMISSIONS',
      `the ${kind} ${path} belongs to user ${stats.uid} and this process runs as user ${user}, ` +
        `so somebody else can exchange the private key; type: sudo chown ${user} ${shellQuote(path)}`,
    )
  }
  if ((stats.mode & forbidden) !== 0) {
    const mode = (stats.mode & 0o777).toString(8).padStart(3, '0')
    throw new SealwrightError(
      'UNSAFE_PERMISSIONS',
      `the ${kind} ${path} has mode ${mode}, so others than its owner can reach the private key; ` +
        `type: chmod ${kind === 'folder' ? '700' : '600'} ${shellQuote(path)}`,
    )
  }
}

function shellQuote(path: string): string {
  return /^[\w@%+=:,./-]+$/.test(path) ? path : `'${path.replaceAll("'", String.raw`'\''`)}'`
}
