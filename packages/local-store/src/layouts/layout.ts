import type { X509Certificate } from 'node:crypto'
import type { AccessRule } from '../files/access-rule.ts'
import type { Pkcs12Key } from '../files/pkcs12-file.ts'
import { readPrivateFolder } from '../files/private-files.ts'
import type { SearchedPlace } from '../find/find-key.ts'
import type { StoredKey } from '../find/stored-key.ts'

/** How a folder keeps its certificates: all that differs between the stores. */
export interface Layout extends SearchedPlace {
  /** Whether other programs keep certificates here too. If so, files that are not signing keys are ignored; otherwise they are errors. */
  readonly shared: boolean
  /** Throws when the folder cannot be used. The files in it are not read. */
  check(): Promise<unknown>
  /** The certificates of the folder, or those of that name. */
  read(name?: string): Promise<readonly StoredKey[]>
}

/** A layout that keys can be written to. */
export interface WritableLayout extends Layout {
  /** The paths of the files of that name. Where the file is named after the key, its contents are not read. */
  locate(name: string): Promise<readonly string[]>
  /** The path of the file for a key under a name that is free. */
  pathOf(name: string, certificate: X509Certificate): string
  /** Writes a new file; null when the path is taken, and nothing is changed. */
  add(path: string, name: string, key: Pkcs12Key): Promise<StoredKey | null>
  /** Replaces the certificate of a key. */
  renew(stored: StoredKey, key: Pkcs12Key): Promise<StoredKey>
  /** Removes the files of the keys of that name; false when there were none. */
  remove(name: string): Promise<boolean>
}

/** A layout in which one name can have several versions. */
export interface VersionedLayout extends WritableLayout {
  /**
   * As in every layout.
   *
   * @param earliest the time of arrival to record when it is later than now, in milliseconds since 1970
   */
  add(path: string, name: string, key: Pkcs12Key, earliest?: number): Promise<StoredKey | null>
  /** The path of that version, counted from 1. */
  pathOfVersion(name: string, number: number): string
  /** Records that a key is disabled. */
  disable(stored: StoredKey): Promise<void>
}

/** The names in a folder; none when there is no folder. */
export async function namesIn(folder: string, rule: AccessRule): Promise<readonly string[]> {
  return (await readPrivateFolder(folder, rule)) ?? []
}
