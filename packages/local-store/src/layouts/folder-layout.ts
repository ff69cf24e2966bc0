import { basename, extname, join, resolve } from 'node:path'
import { jwkThumbprint, SealwrightError } from '@sealwright/core'
import { ownerOnly } from '../files/access-rule.ts'
import type { FileState } from '../files/file-state.ts'
import { createKeyFile, removeFile, replaceKeyFile } from '../files/key-file.ts'
import { encodePkcs12, type Pkcs12Key } from '../files/pkcs12-file.ts'
import { readPrivateFolder } from '../files/private-files.ts'
import { isSameName } from '../find/key-name.ts'
import type { StoredKey } from '../find/stored-key.ts'
import { arrivalOf, disabledBy, recordArrival, recordDisabled, recordsOf } from './records.ts'
import { checkFolder, readFiles, type FolderFiles, type VersionedLayout } from './layout.ts'

/**
 * Sealwright's own layout: `NAME.pfx` for the first key of a name, `NAME.v2.pfx` and so on for its further versions, all under
 * one password. Since the file names say which version is which, link(2) lets one of several writers make it. Names are written
 * in lower case, because some file systems ignore case; reading ignores case everywhere, and finds files that were put there
 * by hand under any name.
 */
export function folderLayout(path: string, password: string): VersionedLayout {
  const folder = resolve(path)
  const files: FolderFiles = {
    folder,
    rule: ownerOnly,
    password,
    accepts: isCertificateFile,
    // The friendly name has the case that the name was given in.
    nameOf(file) {
      const { name } = readFileName(file.path)
      return file.friendlyName !== null && isSameName(file.friendlyName, name) ? file.friendlyName : name
    },
  }
  const allFiles = async (): Promise<readonly string[]> => (await readPrivateFolder(folder, files.rule)) ?? []
  const keyFiles = async (name: string): Promise<readonly string[]> =>
    (await allFiles()).filter((each) => isCertificateFile(each) && isSameName(readFileName(each).name, name))

  return {
    folder,
    hint: null,
    shared: false,
    check: () => checkFolder(files),
    async read(name) {
      const all = await allFiles()
      const wanted = all.filter(
        (each) =>
          isCertificateFile(each) && (name === undefined || isSameName(readFileName(each).name, name)),
      )
      if (name !== undefined) assertDistinct(folder, name, wanted)
      const stored = await readFiles(files, wanted)
      return stored.map(({ name: own, file }) => {
        const keyId = jwkThumbprint(file.certificate.publicKey)
        return {
          name: own,
          file,
          number: readFileName(file.path).number,
          createdAt: arrivalOf(all, own, keyId),
          disabledBy: disabledBy(all, own, keyId),
        }
      })
    },
    async locate(name) {
      return (await keyFiles(name)).map((each) => join(folder, each))
    },
    pathOf: (name) => join(folder, fileName(name, 1)),
    pathOfVersion: (name, number) => join(folder, fileName(name, number)),
    async add(target, name, key, earliest = 0) {
      let arrival: Awaited<ReturnType<typeof recordArrival>> | undefined
      const bytes = await encodePkcs12(name, key, password)
      const state = await createKeyFile(target, files.rule, bytes, async () => {
        arrival = await recordArrival(folder, name, jwkThumbprint(key.privateKey), earliest)
      }).catch(async (error: unknown) => {
        await arrival?.undo().catch(() => undefined)
        throw error
      })
      if (state === null) {
        await arrival?.undo()
        return null
      }
      const createdAt = (await arrival?.confirm()) ?? null
      return storedKey(name, target, key, state, createdAt)
    },
    async renew({ name, file, createdAt, disabledBy: record }, key) {
      const bytes = await encodePkcs12(name, key, password)
      const state = await replaceKeyFile(file.path, bytes, file.identity)
      if (state !== null) {
        return { ...storedKey(name, file.path, key, state, createdAt), disabledBy: record }
      }
      throw new SealwrightError(
        'ALREADY_EXISTS',
        `the certificate of ${JSON.stringify(name)} is not renewed: another process has changed ${file.path} since it was read; check it and import again`,
      )
    },
    async remove(name) {
      const all = await allFiles()
      const removed = await Promise.all((await keyFiles(name)).map((each) => removeFile(join(folder, each))))
      // After the keys: without its records a key would look as old as any, and enabled.
      await Promise.all(recordsOf(all, name).map((each) => removeFile(join(folder, each))))
      return removed.includes(true)
    },
    async disable({ name, file }) {
      await recordDisabled(folder, name, jwkThumbprint(file.certificate.publicKey))
    },
  }
}

function storedKey(
  name: string,
  path: string,
  key: Pkcs12Key,
  state: FileState,
  createdAt: Date | null,
): StoredKey {
  const file = { ...key, ...state, friendlyName: name, path }
  return { name, file, number: readFileName(path).number, createdAt, disabledBy: null }
}

/** Whether a file is a PFX by its name; hidden ones are temporary files or metadata. */
function isCertificateFile(name: string): boolean {
  return /^[^.].*\.(?:pfx|p12)$/i.test(name)
}

function fileName(name: string, number: number): string {
  return `${name.toLowerCase()}${number === 1 ? '' : `.v${number}`}.pfx`
}

/** The name and version of the key in a file: `NAME.v2.pfx` is the second version of NAME. */
function readFileName(path: string): { readonly name: string; readonly number: number } {
  const stem = nameOfFile(path)
  const [, name, number] = /^(.+)\.v([1-9]\d{0,8})$/i.exec(stem) ?? []
  return name === undefined ? { name: stem, number: 1 } : { name, number: Number(number) }
}

/** The name of a key that is called as its file is. */
export function nameOfFile(path: string): string {
  return basename(path, extname(path))
}

function assertDistinct(folder: string, name: string, files: readonly string[]): void {
  const numbers = files.map((each) => readFileName(each).number)
  const twice = files.filter(
    (_, index) => numbers.indexOf(numbers[index] ?? 0) !== numbers.lastIndexOf(numbers[index] ?? 0),
  )
  if (twice.length > 0) {
    throw new SealwrightError(
      'AMBIGUOUS',
      `${folder} has several files for one version of the key ${JSON.stringify(name)}: ${twice.join(', ')}; remove all but one`,
    )
  }
}
