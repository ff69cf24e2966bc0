import { basename, extname, join, resolve } from 'node:path'
import { SealwrightError } from '@sealwright/core'
import { ownerOnly } from '../files/access-rule.ts'
import { CertificateFiles } from '../files/certificate-files.ts'
import { createKeyFile, removeFile, replaceKeyFile } from '../files/key-file.ts'
import { encodePkcs12, type CertificateFile } from '../files/pkcs12-file.ts'
import { isSameName } from '../find/key-name.ts'
import { keyIdOf } from '../find/thumbprint.ts'
import { namesIn, type VersionedLayout } from './layout.ts'
import { arrivalOf, disabledBy, recordArrival, recordDisabled, recordsOf } from './records.ts'

/**
 * Sealwright's own layout: `NAME.pfx` for the first key of a name, `NAME.v2.pfx` and so on for its further versions, all under
 * one password. The file names contain the versions, so link(2) lets only one of several writers create a version. Names are written
 * in lower case, because some file systems ignore case. Reading ignores case everywhere, and finds files that were put there by
 * hand under any name.
 */
export function folderLayout(location: string, password: string): VersionedLayout {
  const folder = resolve(location)
  const files = new CertificateFiles(folder, password, ownerOnly)
  const allNames = (): Promise<readonly string[]> => namesIn(folder, ownerOnly)
  return {
    folder,
    hint: null,
    shared: false,
    check: allNames,
    async read(name) {
      const all = await allNames()
      const wanted = keyFiles(all, name)
      if (name !== undefined) assertDistinct(folder, name, wanted)
      const read = await files.read(wanted, all)
      return read.map((file) => {
        const own = nameOf(file)
        const keyId = keyIdOf(file.certificate)
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
      return keyFiles(await allNames(), name).map((each) => join(folder, each))
    },
    pathOf: (name) => join(folder, fileName(name, 1)),
    pathOfVersion: (name, number) => join(folder, fileName(name, number)),
    async add(path, name, key, earliest = 0) {
      const { removals } = files
      const bytes = await encodePkcs12(name, key, password)
      let arrival: Awaited<ReturnType<typeof recordArrival>> | undefined
      const state = await createKeyFile(path, ownerOnly, bytes, async () => {
        const recorded = await recordArrival(folder, name, keyIdOf(key.certificate), earliest)
        arrival = recorded
        return () => recorded.undo()
      })
      if (state === null) return null
      files.keep(basename(path), bytes, { ...key, friendlyName: name }, removals)
      const file = { ...key, ...state, friendlyName: name, path }
      const createdAt = (await arrival?.confirm()) ?? null
      return { name, file, number: readFileName(path).number, createdAt, disabledBy: null }
    },
    async renew(stored, key) {
      const { name, file } = stored
      const bytes = await encodePkcs12(name, key, password)
      const state = await replaceKeyFile(file.path, bytes, file.identity)
      if (state !== null)
        return { ...stored, file: { ...key, ...state, friendlyName: name, path: file.path } }
      throw new SealwrightError(
        'ALREADY_EXISTS',
        `the certificate of ${JSON.stringify(name)} was not renewed: another process has changed ${file.path} since it was read; check it and import again`,
      )
    },
    async remove(name) {
      const all = await allNames()
      const removed = await Promise.all(keyFiles(all, name).map((each) => files.remove(each)))
      // Removed last: a key without its records would have no time of arrival, and be enabled.
      await Promise.all(recordsOf(all, name).map((each) => removeFile(join(folder, each))))
      return removed.includes(true)
    },
    async disable({ name, file }) {
      await recordDisabled(folder, name, keyIdOf(file.certificate))
    },
  }
}

/** The PFX files among the names, or those of one key. Hidden files are temporary files or records. */
function keyFiles(names: readonly string[], name: string | undefined): readonly string[] {
  return names.filter(
    (each) =>
      /^[^.].*\.(?:pfx|p12)$/i.test(each) &&
      (name === undefined || isSameName(readFileName(each).name, name)),
  )
}

/** The name of the file, in upper and lower case as the friendly name has it. */
function nameOf({ path, friendlyName }: CertificateFile): string {
  const { name } = readFileName(path)
  return friendlyName !== null && isSameName(friendlyName, name) ? friendlyName : name
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

/** The name of a file without its extension. */
export function nameOfFile(path: string): string {
  return basename(path, extname(path))
}

function assertDistinct(folder: string, name: string, files: readonly string[]): void {
  const twice = files.filter((file) =>
    files.some((other) => other !== file && readFileName(other).number === readFileName(file).number),
  )
  if (twice.length > 0) {
    throw new SealwrightError(
      'AMBIGUOUS',
      `${folder} has several files for one version of the key ${JSON.stringify(name)}: ${twice.join(', ')}; remove all but one`,
    )
  }
}
