import type { Writable } from 'node:stream'
import type { Command } from './command-line.ts'
import type { Environment } from './settings/environment/environment.ts'

/**
 * Runs a command line that does not start the server.
 *
 * @returns the exit code, when everything is written
 */
export async function runCommand(
  command: Exclude<Command, { readonly kind: 'start' }>,
  env: Environment,
  { stdout, stderr }: { readonly stdout: Writable; readonly stderr: Writable } = process,
): Promise<number> {
  if (command.kind === 'help') {
    await write(stdout, command.text)
    return 0
  }
  if (command.kind === 'wrong') {
    await write(stderr, `token-server: ${command.message}\n`)
    return 2
  }
  const { checkConfig } = await import('./check-config/check-config.ts')
  const { report, problems } = await checkConfig(env)
  await write(stdout, report)
  await write(stderr, problems.map((problem) => `token-server: ${problem}\n`).join(''))
  if (problems.length > 0) return 1
  await write(stdout, '\nThe settings are valid.\n')
  return 0
}

async function write(stream: Writable, text: string): Promise<void> {
  await new Promise<void>((resolve) => {
    stream.write(text, () => resolve())
  })
}
