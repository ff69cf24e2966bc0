import { canLocate, canRotate, SealwrightError, type Backend, type SigningKey } from '@sealwright/core'
import { Command } from 'commander'
import { readPassword } from './files.ts'
import { backendsFor, type KeyAccess } from './key-access.ts'
import { printable, printableJson, type Terminal } from './terminal.ts'

interface Options {
  readonly passwordFile?: string
  readonly json?: boolean
}

/** `sealwright rotate`: makes a new version of a key. */
export function rotateCommand(terminal: Terminal, access: KeyAccess): Command {
  return new Command('rotate')
    .description(
      'make a new version of a signing key; servers announce it in their JWK Set before they sign with it',
    )
    .argument('<key>', 'the signing URI, such as https://NAME.vault.azure.net/certificates/CERT')
    .option('--password-file <file>', 'file with the password of the store; - for standard input')
    .option('--json', 'print the result as JSON')
    .action(async (uri: string, options: Options) => {
      const backends = await backendsFor([uri], access)
      const password = await readPassword(options.passwordFile, terminal)
      const { before, made } = await rotate(uri, backends, password)
      const result = {
        location: made.location,
        version: made.version,
        keyId: made.keyId,
        follows: before.keyId,
        createdAt: made.createdAt?.toISOString() ?? null,
        notAfter: made.notAfter?.toISOString() ?? null,
      }
      terminal.out(
        options.json === true
          ? printableJson(result)
          : `${printable(result.location)}: made version ${printable(result.version)}\n` +
              `key id     ${result.keyId}\nfollows    ${result.follows}\n` +
              'Servers read it at their next refresh, or at once when they are sent SIGHUP. Leave the version before it\n' +
              'switched on until it has left their JWK Sets.\n',
      )
    })
}

/** @throws SealwrightError `UNSUPPORTED_OPERATION`, `NOT_FOUND`, `ALREADY_EXISTS`; or as the store has it */
async function rotate(
  uri: string,
  backends: readonly Backend[],
  password: string,
): Promise<{ readonly before: SigningKey; readonly made: SigningKey }> {
  const backend = backends.find((each) => each.accepts(uri))
  if (backend === undefined) {
    throw new SealwrightError(
      'INVALID_ARGUMENT',
      'the signing URI is of no known kind: name store:FOLDER?name=NAME or https://NAME.vault.azure.net/certificates/CERT',
    )
  }
  const place = canLocate(backend) ? await backend.locate(uri, { password: () => password }) : null
  if (place === null || place.version !== null || !canRotate(place.store)) {
    throw new SealwrightError(
      'UNSUPPORTED_OPERATION',
      'the signing URI names one key, which has no further versions: name its folder or its certificate in the vault',
    )
  }
  const { store, name } = place
  const [before] = await store.list({ name })
  if (before === undefined) {
    throw new SealwrightError('NOT_FOUND', `there is no ${name} in ${store.location}; create it first`)
  }
  return { before, made: await store.rotate(name, { after: before.version }) }
}
