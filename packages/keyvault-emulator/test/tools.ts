import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'

/** Whether a command is installed; tests that need it say so in their names and are skipped without it. */
export function has(command: string): boolean {
  return !('code' in (spawnSync(command, ['--help'], { stdio: 'ignore' }).error ?? {}))
}

/** Runs a command and returns what it printed. */
export function run(command: string, args: readonly string[], input?: string | Uint8Array): Buffer {
  return execFileSync(command, args, { input, stdio: ['pipe', 'pipe', 'pipe'] })
}

export function openssl(args: readonly string[], input?: string | Uint8Array): Buffer {
  return run('openssl', args, input)
}

/** A folder for the length of the test. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'keyvault-emulator-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}
