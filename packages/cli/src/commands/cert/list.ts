import { SealwrightError, type SigningKey } from '@sealwright/core'
import { Command } from 'commander'
import {
  passwordSource,
  withPassword,
  withPasswordOptions,
  type PasswordOptions,
} from '../../files/passwords.ts'
import type { KeyAccess } from '../../keys/key-access.ts'
import { openStore } from '../../keys/open-store.ts'
import { storedKey } from '../../keys/stored-key.ts'
import { colorsOf, daysLeft, highlight } from '../../terminal/colors.ts'
import { withProgress } from '../../terminal/progress.ts'
import { printable, printableJson, type Terminal } from '../../terminal/terminal.ts'

interface Options extends PasswordOptions {
  readonly json?: boolean
}

/** `sealwright cert list`: the keys of a store. */
export function certListCommand(terminal: Terminal, access: KeyAccess): Command {
  const command = new Command('list')
    .description('list the keys of a store with their certificates, the newest version of each first')
    .argument(
      '[store]',
      'store:my, store:appservice, store:FOLDER, or https://NAME.vault.azure.net',
      'store:my',
    )
  return withPasswordOptions(command, 'the files in a folder')
    .option('--json', 'print the result as JSON')
    .action(async (place: string, options: Options) => {
      const { location, name, keys } = await withPassword(
        passwordSource(options),
        terminal,
        place,
        (password) => keysOf(place, password, terminal, access),
      )
      if (options.json === true) terminal.out(printableJson({ location, keys: keys.map(storedKey) }))
      else if (keys.length > 0) terminal.out(table(keys, terminal))
      else terminal.out(`${printable(`${location} has no keys${name === null ? '' : ` named ${name}`}`)}\n`)
    })
}

interface Listing {
  readonly location: string
  /** Null for all of the store. */
  readonly name: string | null
  readonly keys: readonly SigningKey[]
}

async function keysOf(
  place: string,
  password: string,
  terminal: Terminal,
  access: KeyAccess,
): Promise<Listing> {
  const { store, name, version, query } = await openStore(place, password, access)
  if (version !== null || query !== null) {
    throw new SealwrightError(
      'INVALID_ARGUMENT',
      'a list is of a whole store or of one name in it; sealwright cert show shows the certificate of one version or thumbprint',
    )
  }
  const { location } = store
  const keys = await withProgress(terminal, `reading ${location}`, store.list(name === null ? {} : { name }))
  return { location, name, keys }
}

function table(keys: readonly SigningKey[], terminal: Terminal): string {
  const { dim } = colorsOf(terminal)
  const rows = keys.map((key) => {
    const { name, thumbprint, subject, algorithms, enabled, version } = storedKey(key)
    const cells = [name, algorithms[0] ?? '', thumbprint ?? version, subject ?? ''].map(printable)
    const end = key.notAfter
    const left = end === null ? 'never' : `${end.toISOString().slice(0, 10)} ${daysLeft(end)}`
    return { cells, state: enabled ? left : 'disabled' }
  })
  const header = ['NAME', 'ALG', 'THUMBPRINT', 'SUBJECT']
  const widths = header.map((title, at) =>
    Math.max(title.length, ...rows.map(({ cells }) => cells[at]?.length ?? 0)),
  )
  const line = (cells: readonly string[]): string =>
    cells.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join('  ')
  return [
    dim(`${line(header)}  EXPIRES`),
    ...rows.map(({ cells, state }) => highlight(`${line(cells)}  ${state}`, terminal)),
    '',
  ].join('\n')
}
