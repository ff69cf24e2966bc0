import type { SigningKey } from '@sealwright/core'
import { Command } from 'commander'
import { storePassword, withPasswordOptions, type PasswordOptions } from '../../files/passwords.ts'
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
      const password = await storePassword(options, terminal)
      const { store, name } = await openStore(place, password, access)
      const listing = store.list(name === null ? {} : { name })
      const keys = await withProgress(terminal, `reading ${store.location}`, listing)
      if (options.json === true)
        terminal.out(printableJson({ location: store.location, keys: keys.map(storedKey) }))
      else
        terminal.out(keys.length === 0 ? `${printable(store.location)} has no keys\n` : table(keys, terminal))
    })
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
