import { SealwrightError } from '@sealwright/core'
import type { Command } from 'commander'
import { describeToken } from './inspect/token-description.ts'
import { printable } from './terminal/terminal.ts'

/** Options with which other programs accept a password. */
const passwordOption =
  /^--?(?:(?!no-)[a-z]+-)?(?:p|pi|po|pw|pwd|pass|passwd|password|passphrase|passin|passout|storepass|keypass)(?:=.*)?$/is

/** The option of `doctor` for a secret. */
const clientSecretOption = /^--client-secret(?:=.*)?$/s

/** The error for a password on the command line, where every user of the machine can read it; null if none is given. */
export function passwordArgument(args: readonly string[]): string | null {
  const end = args.indexOf('--')
  const options = args.slice(0, end === -1 ? undefined : end)
  if (options.some((arg) => clientSecretOption.test(arg))) {
    return (
      '--client-secret is not an option: other users can read secrets on the command line. Use --client-secret-file FILE (- for ' +
      'standard input), --client-secret-env NAME, or neither for a prompt'
    )
  }
  const option = options.find((arg) => passwordOption.test(arg))
  if (option === undefined) return null
  const [name] = option.split('=')
  return (
    `${name} is not an option: other users can read passwords on the command line. Use --password-file FILE (- for standard ` +
    'input), --password-env NAME, or neither for a prompt'
  )
}

/** A JWT has three parts, and a JWE five (RFC 7516 §3.1). A JSON object begins so in base64url. */
const compactToken = /^\s*(?:[Bb]earer\s+)?ey[AJ][\w-]+(?:\.[\w-]*){2,4}\s*$/

/**
 * @param path of the file with the token
 * @throws SealwrightError `INVALID_ARGUMENT` for the token itself, which is not quoted
 */
export function assertNoToken(path: string, command: string): void {
  if (!compactToken.test(path) && describeToken(path) === null) return
  throw new SealwrightError(
    'INVALID_ARGUMENT',
    `other users can read a token on the command line; put it into a file, or pipe it to: sealwright ${command} -`,
  )
}

/** A usage error of commander on one line, without values that may be secret, and with the help to read. */
export function usageError(text: string, command: Command): string {
  const line = text
    .trim()
    .replace(/^error: /, '')
    // The value of an unknown option, and letters that follow a short one.
    .replace(/^(unknown option '--[\w-]+)=[^]*'/, "$1'")
    .replace(/^(unknown option '-\w)[^'-][^]*'/, "$1'")
    // A URL may have a password in it.
    .replace(/^(option '--[\w-]+ <(?:url|key)(?:\.\.\.)?>') argument '[^]*' is invalid\./, '$1 is invalid.')
    .replace(/^unknown command '[^']{25,}'/, 'unknown command')
    .split('\n')
    .map((each) => each.trim())
    .filter((each) => each !== '')
    .join(' ')
  return printable(`${line} (see ${pathOf(command)} --help)`)
}

function pathOf(command: Command): string {
  return command.parent === null ? command.name() : `${pathOf(command.parent)} ${command.name()}`
}
