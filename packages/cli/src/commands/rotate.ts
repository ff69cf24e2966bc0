import { canRotate, SealwrightError, type SigningKey } from '@sealwright/core'
import { Command } from 'commander'
import {
  passwordSource,
  withPassword,
  withPasswordOptions,
  type PasswordOptions,
} from '../files/passwords.ts'
import { backendFor, type KeyAccess } from '../keys/key-access.ts'
import { withProgress } from '../terminal/progress.ts'
import { report } from '../terminal/report.ts'
import type { Terminal } from '../terminal/terminal.ts'

interface Options extends PasswordOptions {
  readonly json?: boolean
}

/** `sealwright rotate`: creates a new version of a key. */
export function rotateCommand(terminal: Terminal, access: KeyAccess): Command {
  const command = new Command('rotate')
    .description(
      'create a new version of a signing key; servers announce it in their JWK Set before they sign with it',
    )
    .argument('<key>', 'the signing URI, such as https://NAME.vault.azure.net/certificates/CERT')
  return withPasswordOptions(command, 'the store')
    .option('--json', 'print the result as JSON')
    .action(async (uri: string, options: Options) => {
      const rotating = withPassword(passwordSource(options), terminal, uri, (password) =>
        rotate(uri, password, access),
      )
      const { before, made } = await withProgress(terminal, 'creating the new version', rotating)
      const result = {
        location: made.location,
        version: made.version,
        keyId: made.keyId,
        follows: before.keyId,
        createdAt: made.createdAt?.toISOString() ?? null,
        notAfter: made.notAfter?.toISOString() ?? null,
      }
      report(terminal, options.json, result, [
        `${result.location}: created version ${result.version}`,
        `kid        ${result.keyId}`,
        `follows    ${result.follows}`,
        'Servers read it at their next refresh, or at once on SIGHUP.',
        'Do not disable the previous version until it has left the JWK Set.',
      ])
    })
}

/** @throws SealwrightError `UNSUPPORTED_OPERATION`, `NOT_FOUND`, `ALREADY_EXISTS`; or the store's error */
async function rotate(
  uri: string,
  password: string,
  access: KeyAccess,
): Promise<{ readonly before: SigningKey; readonly made: SigningKey }> {
  const backend = await backendFor(uri, access)
  const place = await backend.locate(uri, { password })
  if (place === null || place.version !== null || !canRotate(place.store)) {
    throw new SealwrightError(
      'UNSUPPORTED_OPERATION',
      'this signing URI is for one key without versions; use its folder or its certificate in the vault',
    )
  }
  const { store, name } = place
  const [before] = await store.list({ name })
  if (before === undefined) {
    throw new SealwrightError('NOT_FOUND', `there is no ${name} in ${store.location}; create it first`)
  }
  return { before, made: await store.rotate(name, { after: before.version }) }
}
