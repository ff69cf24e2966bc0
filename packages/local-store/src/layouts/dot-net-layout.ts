import { homedir, userInfo } from 'node:os'
import { join, resolve } from 'node:path'
import { SealwrightError } from '@sealwright/core'
import { aFolderPath, type Check } from '@sealwright/core/internal'
import { ownerWrites } from '../files/access-rule.ts'
import { createKeyFile } from '../files/key-file.ts'
import { encodePkcs12, type Pkcs12Key } from '../files/pkcs12-file.ts'
import { unversioned, type StoredKey } from '../find/stored-key.ts'
import { sha1Thumbprint } from '../find/thumbprint.ts'
import type { WritableLayout } from './layout.ts'
import { sharedFolder } from './shared-folder.ts'

/** Options of `openDotNetStore`. */
export interface DotNetStoreOptions {
  /** The home folder of the user that .NET runs as. Default: `$HOME`, or else this user's home folder in the system. */
  readonly home?: string | undefined
}

/** The members of {@link DotNetStoreOptions}. */
export const dotNetMembers: Readonly<Record<string, Check>> = { home: aFolderPath }

/**
 * The folder in which .NET on Linux keeps `new X509Store(StoreName.My, StoreLocation.CurrentUser)`: `THUMBPRINT.pfx` (upper-case SHA-1;
 * `THUMBPRINT.1.pfx` to `.9.pfx` when that is taken) without a password. It may also hold certificates without a key.
 */
export function dotNetLayout(options: DotNetStoreOptions): WritableLayout {
  // .NET ignores an empty $HOME, too.
  const home = options.home ?? (homedir() || userInfo().homedir)
  const shared = sharedFolder(
    resolve(home, '.dotnet', 'corefx', 'cryptography', 'x509stores', 'my'),
    ownerWrites,
    (fileName) => /^[^.].*\.pfx$/.test(fileName),
  )
  const pathOf: WritableLayout['pathOf'] = (_name, certificate) =>
    join(shared.folder, `${sha1Thumbprint(certificate)}.pfx`)
  return {
    ...shared,
    hint: elsewhere[process.platform] ?? null,
    pathOf,
    add,
    // The file is named after the thumbprint, so the old certificate stays beside the new one, as in .NET's own store.
    async renew({ name }, key) {
      const path = pathOf(name, key.certificate)
      const added = await add(path, name, key)
      if (added !== null) return added
      throw new SealwrightError('ALREADY_EXISTS', `${path} already exists and was not changed`)
    },
  }
}

/** As {@link WritableLayout.add}. */
async function add(path: string, name: string, key: Pkcs12Key): Promise<StoredKey | null> {
  const state = await createKeyFile(path, ownerWrites, await encodePkcs12(name, key, ''))
  if (state === null) return null
  return unversioned(name, { ...key, ...state, friendlyName: name, path })
}

/** Where .NET keeps its certificates on the systems that have a store of their own. */
const elsewhere: Readonly<Record<string, string>> = {
  win32:
    "on Windows .NET uses the system's store, which is not supported: export a PFX and open it with file:",
  darwin: 'on macOS .NET uses the keychain, which is not supported: export a PFX and open it with file:',
}
