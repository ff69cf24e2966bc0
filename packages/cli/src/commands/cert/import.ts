import { basename, extname } from 'node:path'
import { SealwrightError, type SigningKey } from '@sealwright/core'
import { Command } from 'commander'
import { inputName } from '../../files/files.ts'
import {
  givenPassword,
  passwordSource,
  withPasswordOptions,
  type PasswordOptions,
} from '../../files/passwords.ts'
import type { KeyAccess } from '../../keys/key-access.ts'
import { assertImporter, importKey } from '../../keys/import-key.ts'
import { openKey } from '../../keys/open-key.ts'
import { openStore } from '../../keys/open-store.ts'
import type { OpenedKey } from '../../keys/opened-key.ts'
import { keyLines, storedKey } from '../../keys/stored-key.ts'
import { withProgress } from '../../terminal/progress.ts'
import { report } from '../../terminal/report.ts'
import type { Terminal } from '../../terminal/terminal.ts'

interface Options extends PasswordOptions {
  readonly to: string
  readonly name?: string
  readonly certificate?: string
  readonly acceptMissingMac?: boolean
  readonly storePasswordFile?: string
  readonly json?: boolean
}

/** `sealwright cert import`: the portal's upload, and certmgr's import. */
export function certImportCommand(terminal: Terminal, access: KeyAccess): Command {
  const command = new Command('import')
    .description(
      'import a key and its certificates into a store or a vault; a vault never releases the key again',
    )
    .argument('<file>', 'the file, such as my-app-auth.pfx, or a signing URI')
    .requiredOption(
      '--to <store>',
      'where: https://NAME.vault.azure.net/certificates/CERT, store:my, or store:FOLDER?name=NAME',
    )
    .option(
      '--name <name>',
      'its name in the store, if --to has none (default: its friendly name, its common name, or the name of the file)',
    )
    .option('--certificate <file>', 'the certificates of the key, where they are in another file')
    .option('--accept-missing-mac', 'read the private keys of a PKCS#12 file that has no MAC')
  return withPasswordOptions(command, 'the file')
    .option(
      '--store-password-file <file>',
      'file with the password of the files in store:FOLDER; - for standard input',
    )
    .option('--json', 'print the result as JSON')
    .action(async (file: string, options: Options) => {
      const key = await importFrom(file, options, terminal, access)
      report(terminal, options.json, storedKey(key), keyLines(key))
    })
}

async function importFrom(
  source: string,
  options: Options,
  terminal: Terminal,
  access: KeyAccess,
): Promise<SigningKey> {
  const { certificate, acceptMissingMac, storePasswordFile } = options
  const storePassword = { file: storePasswordFile, option: '--store-password' }
  const password = (await givenPassword(storePassword, terminal)) ?? ''
  const { store, name, version, query } = await openStore(options.to, password, access)
  assertImporter(store)
  if (version !== null || query !== null) {
    throw new SealwrightError(
      'INVALID_ARGUMENT',
      '--to must have the name of the key, not a version, thumbprint or subject',
    )
  }
  if (name !== null && options.name !== undefined && name !== options.name) {
    throw new SealwrightError('INVALID_ARGUMENT', '--to and --name have different names; omit one')
  }
  const reading = { password: passwordSource(options), certificate, acceptMissingMac }
  const key = await withProgress(terminal, 'reading', openKey(source, reading, terminal, access))
  const keyName = name ?? options.name ?? defaultName(source, key)
  if (key.certificates.length === 0) {
    throw new SealwrightError(
      'INVALID_ENCODING',
      `${inputName(source)} has no certificate; pass it with --certificate FILE`,
    )
  }
  const { certificates } = key
  const importing = importKey(store, keyName, { privateKey: await key.privateKey(), certificates })
  return withProgress(terminal, `importing into ${store.location}`, importing)
}

/** A name that stores accept: letters, digits and hyphens. */
function defaultName(source: string, { name, certificates }: OpenedKey): string {
  const [, commonName = ''] = /^CN=(.*)$/m.exec(certificates[0]?.subject ?? '') ?? []
  const candidates = [name ?? '', commonName, basename(source, extname(source))]
  const fitting = candidates.find((candidate) => /^[0-9A-Za-z-]{1,127}$/.test(candidate))
  if (fitting !== undefined) return fitting
  throw new SealwrightError(
    'INVALID_ARGUMENT',
    'the key needs a name there: --name my-app-auth, or ?name=my-app-auth in --to',
  )
}
