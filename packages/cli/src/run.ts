import { readFileSync } from 'node:fs'
import { isSealwrightError } from '@sealwright/core'
import { Command, CommanderError } from 'commander'
import { certCreateCommand } from './cert-create.ts'
import { inspectCommand } from './inspect.ts'
import { jwksCommand } from './jwks.ts'
import type { KeyAccess } from './key-access.ts'
import { rotateCommand } from './rotate.ts'
import { printable, type Terminal } from './terminal.ts'

/**
 * Runs the `sealwright` command.
 *
 * @param args without `node` and the script
 * @param access how a vault is reached
 * @returns the exit code: 0 on success, 1 on failure, 2 for a usage error
 */
export async function run(
  args: readonly string[],
  terminal: Terminal,
  access: KeyAccess = {},
): Promise<number> {
  const program = new Command('sealwright')
    .description('Token-signing certificates: make them, rotate them, publish them, and see what a file is.')
    .version(version())
  const cert = program.command('cert').description('make certificates')
  cert.addCommand(certCreateCommand(terminal))
  program.addCommand(inspectCommand(terminal))
  program.addCommand(jwksCommand(terminal, access))
  program.addCommand(rotateCommand(terminal, access))
  for (const command of [program, cert, ...cert.commands, ...program.commands]) {
    command.exitOverride().configureOutput({ writeOut: terminal.out, writeErr: terminal.error })
  }
  try {
    await program.parseAsync(args, { from: 'user' })
    return 0
  } catch (error) {
    // Commander has printed it. Its exit code is 0 for help and the version.
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2
    terminal.error(`sealwright: ${describe(error)}\n`)
    return 1
  }
}

/** The version of this package. `package.json` is beside both `src` and `dist`. */
function version(): string {
  const { version: text }: { version: string } = JSON.parse(
    readFileSync(new URL('../package.json', import.meta.url), 'utf8'),
  )
  return text
}

/** One line; for an unexpected error its stack. */
function describe(error: unknown): string {
  if (isSealwrightError(error)) return printable(error.message)
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}
