import { join } from 'node:path'
import { ownerWrites } from './access-rule.ts'
import { commonName } from './subject.ts'
import { isSameName } from './key-name.ts'
import { checkFolder, fileNames, readFiles, type FolderFiles, type WritableLayout } from './layout.ts'
import { sha1Thumbprint } from './thumbprint.ts'

/**
 * What .NET on Linux keeps for `new X509Store(StoreName.My, StoreLocation.CurrentUser)`: `THUMBPRINT.pfx`
 * (upper-case SHA-1; `THUMBPRINT.1.pfx` to `.9.pfx` when that was taken) without a password. Certificates without a key
 * are kept there as well.
 */
export function dotNetLayout(home: string): WritableLayout {
  const files: FolderFiles = {
    folder: join(home, '.dotnet', 'corefx', 'cryptography', 'x509stores', 'my'),
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
  return {
    folder: files.folder,
    rule: files.rule,
    password: files.password,
    hint: elsewhere[process.platform] ?? null,
    shared: true,
    check: () => checkFolder(files),
    read,
    async locate(name) {
      return (await read(name)).map((each) => each.file.path)
    },
    fileName: (_name, certificate) => `${sha1Thumbprint(certificate)}.pfx`,
  }
}

/** Where .NET keeps its certificates on the systems that have a store of their own. */
const elsewhere: Readonly<Record<string, string>> = {
  win32:
    "on Windows .NET uses the system's store, which is not read here: export a PFX and open it with file:",
  darwin: 'on macOS .NET uses the keychain, which is not read here: export a PFX and open it with file:',
}
