import { isSealwrightError, SealwrightError } from '@sealwright/core'
import { Option, type Command } from 'commander'
import type { Terminal } from '../terminal/terminal.ts'
import { inputName, readInput } from './files.ts'

/** Where a password comes from, as the options of a command say. */
export interface PasswordSource {
  /** The path of a file, or `-` for standard input. */
  readonly file?: string | undefined
  /** The name of an environment variable. */
  readonly env?: string | undefined
  /** Whether the file gets no password. */
  readonly none?: boolean | undefined
  /** The options that name it: `--password`, `--out-password`. */
  readonly option: string
}

/** The members that {@link withPasswordOptions} adds to the options of a command. */
export interface PasswordOptions {
  readonly passwordFile?: string
  readonly passwordEnv?: string
  /** False for `--no-password`. */
  readonly password?: boolean
}

/** The members that {@link withOutPasswordOptions} adds. */
export interface OutPasswordOptions {
  readonly outPasswordFile?: string
  readonly outPasswordEnv?: string
  /** False for `--no-out-password`. */
  readonly outPassword?: boolean
}

/** Adds `--password-file` and `--password-env`, for something that is opened. */
export function withPasswordOptions(command: Command, what: string): Command {
  return addOptions(command, 'password', what)
}

/** Adds `--ca-password-file` and `--ca-password-env`, for the key of a CA. */
export function withCaPasswordOptions(command: Command): Command {
  return addOptions(command, 'ca-password', 'the CA')
}

/** Adds `--password-file`, `--password-env` and `--no-password`, for something that is made. */
export function withNewPasswordOptions(command: Command, what: string): Command {
  return addOptions(command, 'password', what).option('--no-password', `write ${what} without a password`)
}

/** Adds `--out-password-file`, `--out-password-env` and `--no-out-password`, where something is opened as well. */
export function withOutPasswordOptions(command: Command, what: string): Command {
  return addOptions(command, 'out-password', what).option(
    '--no-out-password',
    `write ${what} without a password`,
  )
}

function addOptions(command: Command, name: string, what: string): Command {
  const file = new Option(`--${name}-file <file>`, `file with the password of ${what}; - for standard input`)
  const env = new Option(`--${name}-env <name>`, `environment variable with the password of ${what}`)
  // `--no-NAME`, where the command has it: the key would be written without the password that was given.
  const none = file.attributeName().replace(/File$/, '')
  return command.addOption(file.conflicts([env.attributeName(), none])).addOption(env.conflicts(none))
}

export function passwordSource({ passwordFile, passwordEnv, password }: PasswordOptions): PasswordSource {
  return { file: passwordFile, env: passwordEnv, none: password === false, option: '--password' }
}

export function outPasswordSource(options: OutPasswordOptions): PasswordSource {
  return {
    file: options.outPasswordFile,
    env: options.outPasswordEnv,
    none: options.outPassword === false,
    option: '--out-password',
  }
}

/**
 * Opens a file or a store that may have a password. Without an option it is opened without a password first. Where that fails, the
 * person at the terminal is asked.
 *
 * @param what for the question, such as a file's path
 * @throws SealwrightError as `use`, with the options that give a password; and as {@link givenPassword}
 */
export async function withPassword<T>(
  source: PasswordSource,
  terminal: Terminal,
  what: string,
  use: (password: string) => Promise<T>,
): Promise<T> {
  const given = await givenPassword(source, terminal)
  if (given !== null) return use(given)
  try {
    return await use('')
  } catch (error) {
    if (!isSealwrightError(error, 'WRONG_PASSWORD')) throw error
    if (terminal.questions !== null) return use(await terminal.questions.password(`Password of ${what}`))
    throw new SealwrightError(
      error.code,
      `${error.message}; pass the password with ${source.option}-file FILE or ${source.option}-env NAME`,
      { cause: error },
    )
  }
}

/**
 * The password of something that is made.
 *
 * @param what such as `the PFX`
 * @returns empty for none
 * @throws SealwrightError `INVALID_ARGUMENT` where none is given and there is no terminal to ask on; and as {@link givenPassword}
 */
export async function newPassword(source: PasswordSource, terminal: Terminal, what: string): Promise<string> {
  const { option } = source
  if (source.none === true) return ''
  const given = await givenPassword(source, terminal)
  if (given !== null) {
    if (given !== '') return given
    throw new SealwrightError(
      'INVALID_ARGUMENT',
      `the password is empty; write one into the password file, or pass ${option.replace('--', '--no-')}`,
    )
  }
  if (terminal.questions === null) {
    throw new SealwrightError(
      'INVALID_ARGUMENT',
      `${what} needs a password: pass ${option}-file FILE, ${option}-env NAME, or ${option.replace('--', '--no-')} for none`,
    )
  }
  const password = await terminal.questions.password(`New password of ${what}`)
  if (password === '') {
    throw new SealwrightError(
      'INVALID_ARGUMENT',
      `no password was typed; pass ${option.replace('--', '--no-')} to write ${what} without one`,
    )
  }
  if ((await terminal.questions.password('The same again')) !== password) {
    throw new SealwrightError('INVALID_ARGUMENT', 'the two passwords are not the same; nothing was written')
  }
  return password
}

/**
 * The password of a store for a new key. Its files may have none.
 *
 * @returns empty where none is named
 * @throws SealwrightError as {@link givenPassword}
 */
export async function storePassword(options: PasswordOptions, terminal: Terminal): Promise<string> {
  return (await givenPassword(passwordSource(options), terminal)) ?? ''
}

/**
 * The password that the options name: one line of a file, of standard input or of an environment variable.
 *
 * @returns null where none is named
 * @throws SealwrightError as `readInput`; `INVALID_ENCODING` for bytes that are not UTF-8 and for several lines;
 *   `INVALID_ARGUMENT` for an environment variable that is not set
 */
export async function givenPassword(source: PasswordSource, terminal: Terminal): Promise<string | null> {
  const { file, env } = source
  if (env !== undefined) {
    const value = terminal.env[env]
    if (value !== undefined) return oneLine(value, shown(env))
    throw new SealwrightError(
      'INVALID_ARGUMENT',
      `${source.option}-env: ${shown(env)} is not set; export it, or pass ${source.option}-file FILE`,
    )
  }
  if (file === undefined) return null
  const known = passwordsRead.get(terminal.stdin) ?? new Map<string, Promise<string>>()
  passwordsRead.set(terminal.stdin, known)
  const password = known.get(`${source.option} ${file}`) ?? readPassword(file, terminal)
  known.set(`${source.option} ${file}`, password)
  return password
}

/**
 * By the standard input of a command, then by option and file. A command may open several files with one password, but standard
 * input and a pipe such as `<(pass show my-app-auth)` can be read only once.
 */
const passwordsRead = new WeakMap<object, Map<string, Promise<string>>>()

async function readPassword(file: string, terminal: Terminal): Promise<string> {
  const from = inputName(file)
  const bytes = await readInput(file, terminal)
  try {
    return oneLine(new TextDecoder('utf-8', { fatal: true }).decode(bytes), from)
  } catch (cause) {
    if (isSealwrightError(cause)) throw cause
    throw new SealwrightError('INVALID_ENCODING', `the password in ${from} is not UTF-8`, { cause })
  }
}

/** A user may give the password itself instead of the variable's name. */
function shown(name: string): string {
  return /^[A-Z][A-Z0-9_]{0,60}$/.test(name) ? name : 'that environment variable'
}

function oneLine(text: string, from: string): string {
  const password = text.replace(/\r?\n$/, '')
  if (/[\r\n]/.test(password)) {
    throw new SealwrightError('INVALID_ENCODING', `the password in ${from} has more than one line`)
  }
  return password
}
