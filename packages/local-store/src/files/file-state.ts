import type { Stats } from 'node:fs'

/** The state of a file at one moment. */
export interface FileState {
  readonly modifiedAt: Date
  /** Different for every file, and changed when the file changes. A rename or a new link keeps it. */
  readonly identity: string
}

/** @param stats of an open file, or of stat(2), which follows symbolic links */
export function fileState({ dev, ino, size, mtime, mtimeMs }: Stats): FileState {
  return { modifiedAt: mtime, identity: `${dev} ${ino} ${size} ${mtimeMs}` }
}
