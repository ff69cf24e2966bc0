import { spawnSync, type SpawnSyncReturns } from 'node:child_process'
import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'

/**
 * A command and its arguments: a string is split at spaces, without a shell and without quoting; a list is taken as it is, its
 * groups flattened.
 */
export type CommandLine = string | readonly (string | readonly string[])[]

/** How a command ended and what it printed. */
export interface Outcome {
  /** The exit code; null when a signal ended the command. */
  readonly status: number | null
  readonly stdout: string
  readonly stderr: string
}

/** Whether one of the commands is not on the PATH. For `test.skipIf`; the name of the test ends in `[needs COMMAND]`. */
export function lacks(...commands: readonly string[]): boolean {
  return !commands.every(isInstalled)
}

/** Whether Python cannot run the statements, such as `import jwt`. For `test.skipIf`, as {@link lacks}. */
export function lacksPython(statements: string, python = 'python3'): boolean {
  return tryRun([python, '-c', statements]).status !== 0
}

/** Whether files have no POSIX modes, as on Windows. For `test.skipIf`; the name of the test ends in `[needs POSIX modes]`. */
export const lacksModes: boolean = process.platform === 'win32'

/**
 * keytool, compiling less of itself, so that it ends in half the time. With hundreds of thousands of iterations it takes longer: use
 * plain `keytool` for those.
 */
export const keytool = 'keytool -J-XX:TieredStopAtLevel=1 -J-XX:+UseSerialGC'

/** Runs a command and returns its output as text. Throws with everything it printed when it fails. */
export function run(command: CommandLine, input?: string | Uint8Array): string {
  return runForBytes(command, input).toString()
}

/** As {@link run}, with the output as bytes. */
export function runForBytes(command: CommandLine, input?: string | Uint8Array): Buffer {
  const { status, error, stdout, stderr } = spawn(command, input)
  if (error !== undefined) throw error
  if (status !== 0) {
    throw new Error(
      `${words(command).join(' ')} ended with ${status}:\n${stdout.toString()}\n${stderr.toString()}`,
    )
  }
  return stdout
}

/** Runs a command that may fail. */
export function tryRun(command: CommandLine, input?: string | Uint8Array): Outcome {
  const { status, stdout, stderr } = spawn(command, input)
  // Both are null where the command could not be started.
  return { status, stdout: stdout?.toString() ?? '', stderr: stderr?.toString() ?? '' }
}

function spawn(command: CommandLine, input: string | Uint8Array | undefined): SpawnSyncReturns<Buffer> {
  const [program = '', ...args] = words(command)
  return spawnSync(program, args, { input, maxBuffer: 64 * 1024 * 1024 })
}

function words(command: CommandLine): readonly string[] {
  return typeof command === 'string' ? command.split(' ') : command.flat()
}

function isInstalled(command: string): boolean {
  const names = process.platform === 'win32' ? [`${command}.exe`, `${command}.cmd`] : [command]
  const folders = (process.env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '')
  return folders.some((folder) => names.some((name) => existsSync(join(folder, name))))
}
