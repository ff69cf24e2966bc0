import { readFileSync } from 'node:fs'
import { isSealwrightError } from '@sealwright/core'
import { Command, CommanderError } from 'commander'
import { auditCommand } from './commands/audit/audit.ts'
import { caCommand } from './commands/ca.ts'
import { certCommand } from './commands/cert.ts'
import { completeCommand, suggest } from './commands/complete.ts'
import { crlCommand } from './commands/crl.ts'
import { doctorCommand } from './commands/doctor.ts'
import { inspectCommand } from './commands/inspect.ts'
import { jwksCommand } from './commands/jwks.ts'
import { kidLast, revokeCommand } from './commands/revoke.ts'
import { rotateCommand } from './commands/rotate.ts'
import { tokenCommand } from './commands/token.ts'
import type { KeyAccess } from './keys/key-access.ts'
import { withPrintableText } from './terminal/questions.ts'
import { Refused } from './terminal/refused.ts'
import { Cancelled, oneLine, printable, printableJson, type Terminal } from './terminal/terminal.ts'
import { passwordArgument, usageError } from './usage-errors.ts'

/** Exit codes of the command. */
const exitCodes = {
  success: 0,
  failure: 1,
  /** An unknown command or option, or a value that it cannot have. */
  usage: 2,
  /** The answer is no: a token is not valid, an issuer has errors. */
  refused: 3,
  /** Ctrl-C, or the answer no: the exit code that shells use for SIGINT. */
  cancelled: 130,
} as const

/**
 * Runs the `sealwright` command.
 *
 * @param args without `node` and the script
 * @param access how keys are reached
 * @returns the exit code
 */
export async function run(
  args: readonly string[],
  terminal: Terminal,
  access: KeyAccess = {},
): Promise<number> {
  const json = args.includes('--json')
  // A result that is there already says what is wrong, and standard output is one JSON document.
  let hasResult = false
  const out: Terminal['out'] = (content) => {
    hasResult = true
    terminal.out(content)
  }
  const fail = (code: string, message: string, exitCode: number): number => {
    if (json && !hasResult) terminal.out(printableJson({ ok: false, error: { code, message } }))
    terminal.error(`sealwright: ${message}\n`)
    return exitCode
  }
  let usage = ''
  const questions = terminal.questions === null ? null : withPrintableText(terminal.questions)
  const program = sealwright({ ...terminal, out, questions }, access)
  if (args[0] === 'complete' && args[1] === '--') {
    await suggest(program, args.slice(2))
    return exitCodes.success
  }
  const secret = passwordArgument(args)
  if (secret !== null) return fail('USAGE', secret, exitCodes.usage)
  for (const command of withSubcommands(program)) {
    command.exitOverride().configureOutput({
      writeOut: terminal.out,
      writeErr: terminal.error,
      outputError: (text) => (usage = usageError(text, command)),
    })
  }
  try {
    await program.parseAsync(kidLast(args), { from: 'user' })
    return exitCodes.success
  } catch (error) {
    if (error instanceof CommanderError) {
      // 0 for help and the version. Help that was not asked for is printed already.
      if (error.exitCode === 0) return exitCodes.success
      return usage === '' ? exitCodes.usage : fail('USAGE', usage, exitCodes.usage)
    }
    if (error instanceof Cancelled) return fail('CANCELLED', error.message, exitCodes.cancelled)
    if (error instanceof Refused) return fail(error.code, printable(error.message), exitCodes.refused)
    if (isSealwrightError(error)) {
      return fail(error.code, printable(oneLine(error.message)), exitCodes.failure)
    }
    const unexpected = error instanceof Error ? (error.stack ?? error.message) : String(error)
    return fail('UNEXPECTED', unexpected.split('\n').map(printable).join('\n'), exitCodes.failure)
  }
}

function sealwright(terminal: Terminal, access: KeyAccess): Command {
  return new Command('sealwright')
    .description('Token-signing certificates: create, rotate and publish them, and inspect files.')
    .version(version())
    .addCommand(certCommand(terminal, access))
    .addCommand(inspectCommand(terminal, access))
    .addCommand(tokenCommand(terminal, access))
    .addCommand(jwksCommand(terminal, access))
    .addCommand(rotateCommand(terminal, access))
    .addCommand(revokeCommand(terminal, access))
    .addCommand(doctorCommand(terminal, access))
    .addCommand(auditCommand(terminal, access))
    .addCommand(caCommand(terminal, access))
    .addCommand(crlCommand(terminal, access))
    .addCommand(completeCommand())
}

function withSubcommands(command: Command): readonly Command[] {
  return [command, ...command.commands.flatMap(withSubcommands)]
}

/** The version of this package. `package.json` is beside both `src` and `dist`. */
function version(): string {
  const { version: text }: { version: string } = JSON.parse(
    readFileSync(new URL('../package.json', import.meta.url), 'utf8'),
  )
  return text
}
