import { join } from 'node:path'
import type { AccessRule } from './access-rule.ts'
import { removeFile } from './key-file.ts'
import { decryptFile, type CertificateFile, type Pkcs12Certificate } from './pkcs12-file.ts'
import { readPrivateFile } from './private-files.ts'

/**
 * Reads the certificate files of one folder again and again, as a key ring does. A file with the same bytes as before is not
 * decrypted again: its keys stay in memory until the file changes or is gone.
 */
export class CertificateFiles {
  readonly #folder: string
  readonly #password: string
  readonly #rule: AccessRule
  #removals = 0
  readonly #known = new Map<string, { readonly bytes: Uint8Array; readonly contents: Pkcs12Certificate }>()

  constructor(folder: string, password: string, rule: AccessRule) {
    this.#folder = folder
    this.#password = password
    this.#rule = rule
  }

  /**
   * Reads the files one after the other: each costs a key derivation.
   *
   * @param names of the files to read
   * @param all the names in the folder; the kept contents of other files are dropped
   * @throws SealwrightError as {@link readCertificateFile}
   */
  async read(names: readonly string[], all: readonly string[] = names): Promise<readonly CertificateFile[]> {
    for (const name of this.#known.keys()) if (!all.includes(name)) this.#known.delete(name)
    const files: CertificateFile[] = []
    for (const name of names) {
      // oxlint-disable-next-line no-await-in-loop
      const file = await this.#readOne(name)
      // null: deleted since the folder was read.
      if (file !== null) files.push(file)
    }
    return files
  }

  /** How many files were deleted. */
  get removals(): number {
    return this.#removals
  }

  /**
   * Keeps the contents of a file that was just written, which need not be decrypted again.
   *
   * @param removals before the file was written: if a file was deleted since, it could be this one, and nothing is kept
   */
  keep(name: string, bytes: Uint8Array, contents: Pkcs12Certificate, removals: number): void {
    if (removals === this.#removals) this.#known.set(name, { bytes, contents })
  }

  /**
   * Deletes a file and its kept contents.
   *
   * @returns false when the file did not exist
   * @throws SealwrightError as {@link removeFile}
   */
  async remove(name: string): Promise<boolean> {
    const isRemoved = await removeFile(join(this.#folder, name))
    this.#known.delete(name)
    this.#removals++
    return isRemoved
  }

  async #readOne(name: string): Promise<CertificateFile | null> {
    const path = join(this.#folder, name)
    const known = this.#known.get(name)
    // It is kept again after a successful read: nothing is kept of a file that is gone, broken or refused.
    this.#known.delete(name)
    const removals = this.#removals
    const file = await readPrivateFile(path, this.#rule)
    if (file === null) return null
    const { bytes, ...state } = file
    const isSame = known !== undefined && Buffer.compare(known.bytes, bytes) === 0
    const contents = isSame ? known.contents : await decryptFile(path, bytes, this.#password)
    this.keep(name, bytes, contents, removals)
    return { ...contents, path, ...state }
  }
}
