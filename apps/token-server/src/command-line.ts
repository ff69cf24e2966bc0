import { parseArgs } from 'node:util'

/** What the command line asks for. */
export type Command =
  | { readonly kind: 'start' }
  | { readonly kind: 'check-config' }
  | { readonly kind: 'help'; readonly text: string }
  | { readonly kind: 'wrong'; readonly message: string }

const help = `token-server [--check-config | --help]

  --check-config   checks settings and keys, prints a summary, and exits; creates and changes nothing
  --help, -h       this text

The settings are in the environment and in the file that TOKEN_SERVER_SETTINGS names.
Exit codes: 0; 1 if the settings or keys are not valid, or the server cannot start; 2 for a wrong argument.
`

/** @param args without the program */
export function parseCommandLine(args: readonly string[]): Command {
  const { tokens } = parseArgs({
    args: [...args],
    options: { 'check-config': { type: 'boolean' }, help: { type: 'boolean', short: 'h' } },
    strict: false,
    tokens: true,
  })
  let command: Command = { kind: 'start' }
  for (const token of tokens) {
    // Values are not repeated: one could be a password.
    if (token.kind !== 'option') return wrong('arguments must begin with --')
    if (token.value !== undefined) return wrong(`${token.rawName} does not accept a value`)
    if (token.name === 'help') return { kind: 'help', text: help }
    if (token.name !== 'check-config') return wrong(`there is no option ${token.rawName}`)
    command = { kind: 'check-config' }
  }
  return command
}

function wrong(message: string): Command {
  return { kind: 'wrong', message: `${message}; see --help` }
}
