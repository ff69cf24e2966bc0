import { canDelete, SealwrightError, type KeyStore, type SigningKey } from '@sealwright/core'
import type { CertificateStore } from '@sealwright/local-store'
import { Command } from 'commander'
import { assertRemovable, removeFile } from '../../files/files.ts'
import {
  passwordSource,
  withPassword,
  withPasswordOptions,
  type PasswordOptions,
} from '../../files/passwords.ts'
import { isSigningUri, type KeyAccess } from '../../keys/key-access.ts'
import { openStore, type OpenedStore } from '../../keys/open-store.ts'
import { openFile } from '../../keys/read-key-file.ts'
import { confirm } from '../../terminal/confirm.ts'
import { report } from '../../terminal/report.ts'
import type { Terminal } from '../../terminal/terminal.ts'

interface Options extends PasswordOptions {
  readonly yes?: boolean
  readonly json?: boolean
}

/** `sealwright cert delete`: removes a key with all its versions. */
export function certDeleteCommand(terminal: Terminal, access: KeyAccess): Command {
  const command = new Command('delete')
    .description('delete a key with its certificates and all its versions')
    .argument('<key>', 'the signing URI, such as store:my?thumbprint=…, or a file')
  return withPasswordOptions(command, 'the file or the files in a folder')
    .option('--yes', 'skip the confirmation')
    .option('--json', 'print the result as JSON')
    .action(async (source: string, options: Options) => {
      const deleted = isSigningUri(source)
        ? await withPassword(passwordSource(options), terminal, source, (password) =>
            deleteFromStore(source, options, password, terminal, access),
          )
        : await deleteFile(source, options, terminal)
      report(terminal, options.json, deleted, [`deleted ${deleted.name} from ${deleted.location}`])
    })
}

interface Deleted {
  readonly name: string
  readonly location: string
  /** The `kid`s of its versions. */
  readonly keyIds: readonly string[]
}

const cost = 'It cannot sign any more, and this cannot be undone'

async function deleteFile(path: string, options: Options, terminal: Terminal): Promise<Deleted> {
  await assertRemovable(path)
  // Only keys are deleted.
  const { keyId } = await openFile(path, { password: passwordSource(options) }, terminal)
  await confirm(terminal, options.yes, `Delete the file ${path} with the key ${keyId}? ${cost}.`)
  await removeFile(path)
  return { name: path, location: 'this machine', keyIds: [keyId] }
}

async function deleteFromStore(
  uri: string,
  options: Options,
  password: string,
  terminal: Terminal,
  access: KeyAccess,
): Promise<Deleted> {
  const opened = await openStore(uri, password, access)
  const { store } = opened
  if (!canDelete(store)) {
    throw new SealwrightError(
      'UNSUPPORTED_OPERATION',
      `${store.location} is read-only; nothing can be deleted from it`,
    )
  }
  const [name, versions] = await versionsOf(opened)
  const [newest] = versions
  if (newest === undefined) throw new SealwrightError('NOT_FOUND', `there is no ${name} in ${store.location}`)
  const count = versions.length === 1 ? '' : ` and its ${versions.length} versions`
  const recovery = /^https:/i.test(uri) ? 'The vault keeps it recoverable for its retention period' : cost
  await confirm(terminal, options.yes, `Delete ${name}${count} from ${store.location}? ${recovery}.`)
  await store.delete(name)
  return { name, location: store.location, keyIds: versions.map(({ keyId }) => keyId) }
}

/** The name of the key, and the versions to delete. */
async function versionsOf(opened: OpenedStore): Promise<readonly [string, readonly SigningKey[]]> {
  const { store, name, version, query } = opened
  if (version !== null) {
    throw new SealwrightError(
      'UNSUPPORTED_OPERATION',
      'a vault deletes all versions of a key or none; omit the version',
    )
  }
  if (name !== null) return [name, await store.list({ name })]
  if (query === null || !canFind(store)) {
    throw new SealwrightError(
      'INVALID_ARGUMENT',
      'this is a store without a key; add ?name=NAME or ?thumbprint=…',
    )
  }
  const found = await store.find(query)
  const versions = await store.list({ name: found.name })
  if (versions.length > 1) {
    throw new SealwrightError(
      'AMBIGUOUS',
      `${versions.length} keys in ${store.location} have the name ${JSON.stringify(found.name)}, and all of them would be deleted; ` +
        `delete them all with ?name=, or only this one: rm '${found.location}'`,
    )
  }
  return [found.name, versions]
}

function canFind(store: KeyStore): store is CertificateStore {
  return 'find' in store
}
