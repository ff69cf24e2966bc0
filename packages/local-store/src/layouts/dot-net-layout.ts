import { join, resolve } from 'node:path'
import { SealwrightError } from '@sealwright/core'
import { ownerWrites } from '../files/access-rule.ts'
import { createKeyFile, removeFile } from '../files/key-file.ts'
import { encodePkcs12 } from '../files/pkcs12-file.ts'
import { commonName } from '../find/subject.ts'
import { isSameName } from '../find/key-name.ts'
import { checkFolder, fileNames, readFiles, type FolderFiles, type WritableLayout } from './layout.ts'
import { sha1Thumbprint } from '../find/thumbprint.ts'

/**
 * The folder in which .NET on Linux keeps `new X509Store(StoreName.My, StoreLocation.CurrentUser)`: `THUMBPRINT.pfx` (upper-case SHA-1;
 * `THUMBPRINT.1.pfx` to `.9.pfx` when that is taken) without a password. It may hold certificates without a key, too.
 */
export function dotNetLayout(home: string): WritableLayout {
  const files: FolderFiles = {
    folder: resolve(home, '.dotnet', 'corefx', 'cryptography', 'x509stores', 'my'),
    rule: ownerWrites,
    password: '',
    accepts: (fileName) => /^[^.].*\.pfx$/.test(fileName),
    // .NET itself writes no friendly name on these systems.
    nameOf: ({ friendlyName, certificate }) =>
      friendlyName ?? commonName(certificate) ?? sha1Thumbprint(certificate),
  }
  const read: WritableLayout['read'] = async (name) => {
    const all = await readFiles(files, await fileNames(files))
    return name === undefined ? all : all.filter((each) => isSameName(each.name, name))
  }
  const pathOf: WritableLayout['pathOf'] = (_name, certificate) =>
    join(files.folder, `${sha1Thumbprint(certificate)}.pfx`)
  const add: WritableLayout['add'] = async (path, name, key) => {
    const bytes = await encodePkcs12(name, key, files.password)
    const state = await createKeyFile(path, files.rule, bytes)
    if (state === null) return null
    const file = { ...key, ...state, friendlyName: name, path }
    return { name, file, number: 1, createdAt: null, disabledBy: null }
  }
  return {
    folder: files.folder,
    hint: elsewhere[process.platform] ?? null,
    shared: true,
    check: () => checkFolder(files),
    read,
    async locate(name) {
      return (await read(name)).map((each) => each.file.path)
    },
    pathOf,
    add,
    // The file is named after the thumbprint, so the old certificate stays beside the new one, as in .NET's own store.
    async renew({ name }, key) {
      const path = pathOf(name, key.certificate)
      const added = await add(path, name, key)
      if (added === null)
        throw new SealwrightError('ALREADY_EXISTS', `${path} already exists and was not changed`)
      return added
    },
    async remove(name) {
      const removed = await Promise.all((await read(name)).map(({ file }) => removeFile(file.path)))
      return removed.includes(true)
    },
  }
}

/** Where .NET keeps its certificates on the systems that have a store of their own. */
const elsewhere: Readonly<Record<string, string>> = {
  win32:
    "on Windows .NET uses the system's store, which is not supported: export a PFX and open it with file:",
  darwin: 'on macOS .NET uses the keychain, which is not supported: export a PFX and open it with file:',
}
