import { join } from 'node:path'
import type { AccessRule } from './access-rule.ts'
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
   * @param all the names in the folder: what is not there any more is forgotten
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

  async #readOne(name: string): Promise<CertificateFile | null> {
    const path = join(this.#folder, name)
    const file = await readPrivateFile(path, this.#rule)
    const known = this.#known.get(name)
    // Until it was read, so that nothing is kept of a file that is gone or broken.
    this.#known.delete(name)
    if (file === null) return null
    const { bytes, ...state } = file
    const isSame = known !== undefined && Buffer.compare(known.bytes, bytes) === 0
    const contents = isSame ? known.contents : await decryptFile(path, bytes, this.#password)
    this.#known.set(name, { bytes, contents })
    return { ...contents, path, ...state }
  }
}
