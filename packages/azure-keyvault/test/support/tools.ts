import { spawnSync } from 'node:child_process'

/** For `test.skipIf`; the test's name says what it needs. */
export function lacks(command: string): boolean {
  return spawnSync('sh', ['-c', `command -v ${command}`]).status !== 0
}

/**
 * Runs OpenSSL and returns what it printed.
 *
 * @param commandLine its arguments, split at spaces: there is no shell and no quoting
 */
export function openssl(commandLine: string): string {
  const { status, stdout, stderr } = spawnSync('openssl', commandLine.split(' '), { encoding: 'utf8' })
  if (status !== 0) throw new Error(`openssl ${commandLine} ended with ${status}:\n${stdout}\n${stderr}`)
  return stdout
}
