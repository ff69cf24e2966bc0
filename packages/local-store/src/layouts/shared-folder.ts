import { basename } from 'node:path'
import type { AccessRule } from '../files/access-rule.ts'
import { CertificateFiles } from '../files/certificate-files.ts'
import type { CertificateFile } from '../files/pkcs12-file.ts'
import { isSameName } from '../find/key-name.ts'
import { isSigningKey, unversioned, type StoredKey } from '../find/stored-key.ts'
import { commonName } from '../find/subject.ts'
import { sha1Thumbprint } from '../find/thumbprint.ts'
import { namesIn, type Layout, type WritableLayout } from './layout.ts'

/**
 * A folder that other programs keep certificates in. Its files are named after thumbprints and have no password. The name of a key is the friendly
 * name in its file, or else the common name, or else the thumbprint.
 *
 * @param folder an absolute path
 * @param accepts whether a file is read, decided by its name
 */
export function sharedFolder(
  folder: string,
  rule: AccessRule,
  accepts: (fileName: string) => boolean,
): Omit<Layout, 'hint'> & Pick<WritableLayout, 'locate' | 'remove'> {
  const files = new CertificateFiles(folder, '', rule)
  async function read(name?: string): Promise<readonly StoredKey[]> {
    const names = (await namesIn(folder, rule)).filter(accepts)
    const stored = (await files.read(names)).map(storedKey)
    return stored.filter((each) => name === undefined || isSameName(each.name, name))
  }
  /** What a store shows of that name. Certificates of other programs may have it, too. */
  async function signingKeys(name: string): Promise<readonly StoredKey[]> {
    return (await read(name)).filter(isSigningKey)
  }
  return {
    folder,
    shared: true,
    check: () => namesIn(folder, rule),
    read,
    async locate(name) {
      return (await signingKeys(name)).map(({ file }) => file.path)
    },
    async remove(name) {
      const found = await signingKeys(name)
      const removed = await Promise.all(found.map(({ file }) => files.remove(basename(file.path))))
      return removed.includes(true)
    },
  }
}

function storedKey(file: CertificateFile): StoredKey {
  const name = file.friendlyName ?? commonName(file.certificate) ?? sha1Thumbprint(file.certificate)
  return unversioned(name, file)
}
