import type { Stats } from 'node:fs'

/** A file at one moment. */
export interface FileState {
  readonly modifiedAt: Date
  /** Differs between two files, and after a change of one; a rename or a link leaves it as it is. */
  readonly identity: string
}

/** @param stats follow a symbolic link: they are those of its target */
export function fileState({ dev, ino, size, mtime, mtimeMs }: Stats): FileState {
  return { modifiedAt: mtime, identity: `${dev} ${ino} ${size} ${mtimeMs}` }
}
