import { basename, extname, resolve } from 'node:path'
import { SealwrightError } from '@sealwright/core'
import { ownerOnly } from './access-rule.ts'
import { isSameName } from './key-name.ts'
import { checkFolder, fileNames, readFiles, type FolderFiles, type WritableLayout } from './layout.ts'

/**
 * Sealwright's own layout: `NAME.pfx` for each key, all under one password. The name is the file's, so link(2) itself
 * keeps two creators of one name apart. It is written in lower case, because some file systems do not tell case apart;
 * reading, neither is told apart anywhere, and files that were put there by hand are found whatever they are called.
 */
export function folderLayout(folder: string, password: string): WritableLayout {
  const files: FolderFiles = {
    folder: resolve(folder),
    rule: ownerOnly,
    password,
    accepts: isCertificateFile,
    // The friendly name has the case that the name was given in.
    nameOf: ({ path, friendlyName }) =>
      friendlyName !== null && isSameName(friendlyName, nameOfFile(path)) ? friendlyName : nameOfFile(path),
  }
  const locate = async (name: string): Promise<readonly string[]> =>
    (await fileNames(files)).filter((each) => isSameName(nameOfFile(each), name))
  return {
    folder: files.folder,
    rule: files.rule,
    password,
    hint: null,
    shared: false,
    check: () => checkFolder(files),
    async read(name) {
      if (name === undefined) return readFiles(files, await fileNames(files))
      const found = await locate(name)
      if (found.length > 1) {
        throw new SealwrightError(
          'AMBIGUOUS',
          `${files.folder} has several files for the key ${JSON.stringify(name)}: ${found.join(', ')}; remove all but one`,
        )
      }
      return readFiles(files, found)
    },
    async locate(name) {
      return (await locate(name)).map((each) => resolve(files.folder, each))
    },
    fileName: (name) => `${name.toLowerCase()}.pfx`,
  }
}

/** Whether a file is a PFX by its name; hidden ones are temporary files or something's metadata. */
function isCertificateFile(fileName: string): boolean {
  return /^[^.].*\.(?:pfx|p12)$/i.test(fileName)
}

/** The name of a key that is called as its file is. */
export function nameOfFile(path: string): string {
  return basename(path, extname(path))
}
