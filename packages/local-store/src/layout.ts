import type { X509Certificate } from 'node:crypto'
import { join } from 'node:path'
import type { AccessRule } from './access-rule.ts'
import type { StoredKey } from './find-key.ts'
import { readCertificateFile, type CertificateFile } from './pkcs12-file.ts'
import { readPrivateFolder } from './private-files.ts'

/** How a folder keeps its certificates: all that the stores differ in. */
export interface Layout {
  /** The absolute path. */
  readonly folder: string
  /** What explains that the folder shows nothing, for messages; null for nothing. */
  readonly hint: string | null
  /** Others keep certificates here too, so what is no signing key is theirs and passed over, and not an error. */
  readonly shared: boolean
  /** Throws when the folder cannot be used, without reading what is in it. */
  check(): Promise<void>
  /** The certificates of the folder, or those of that name. */
  read(name?: string): Promise<readonly StoredKey[]>
}

/** A layout that new keys can be written to. */
export interface WritableLayout extends Layout {
  readonly rule: AccessRule
  readonly password: string
  /** The paths of the files of that name. Where it is the file's own name, what is in the file does not matter. */
  locate(name: string): Promise<readonly string[]>
  /** The name of the file that a new key is written to. */
  fileName(name: string, certificate: X509Certificate): string
}

/** Which files of a folder to read, and how. */
export interface FolderFiles {
  readonly folder: string
  readonly rule: AccessRule
  readonly password: string
  /** Whether a file is one of the layout's, decided by its name. */
  accepts(fileName: string): boolean
  /** What the store calls the certificate. */
  nameOf(file: CertificateFile): string
}

/** Throws when the folder cannot be read or is not as private as it should be. */
export async function checkFolder(files: FolderFiles): Promise<void> {
  await readPrivateFolder(files.folder, files.rule)
}

/** The names of the layout's files; none when there is no folder. */
export async function fileNames(files: FolderFiles): Promise<readonly string[]> {
  const names = (await readPrivateFolder(files.folder, files.rule)) ?? []
  return names.filter((name) => files.accepts(name))
}

/** Reads those files of the folder, one after the other: each costs a key derivation. */
export async function readFiles(files: FolderFiles, names: readonly string[]): Promise<readonly StoredKey[]> {
  const stored: StoredKey[] = []
  for (const fileName of names) {
    // oxlint-disable-next-line no-await-in-loop
    const file = await readCertificateFile(join(files.folder, fileName), files.password, files.rule)
    // null: deleted since the folder was read.
    if (file !== null) stored.push({ name: files.nameOf(file), file })
  }
  return stored
}
