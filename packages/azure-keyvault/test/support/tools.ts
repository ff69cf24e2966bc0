import { execFile, spawnSync } from 'node:child_process'
import { promisify } from 'node:util'

/** Whether a program is installed. */
export function has(program: string): boolean {
  return spawnSync(program, ['version']).error === undefined
}

/** Runs a program and returns what it printed. */
export async function run(program: string, parameters: readonly string[]): Promise<string> {
  const { stdout } = await promisify(execFile)(program, parameters)
  return stdout
}
