import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'

/** What a command printed, and how it ended. */
export interface Outcome {
  readonly status: number | null
  readonly stdout: string
  readonly stderr: string
}

/** For `test.skipIf`; the test's name says what it needs. */
export function lacks(command: string): boolean {
  return spawnSync('sh', ['-c', `command -v ${command}`]).status !== 0
}

/** Python's cryptography from version 44 on, which reads PBMAC1 and says times in UTC. */
export function lacksPythonCryptography(): boolean {
  const check = 'import cryptography; assert int(cryptography.__version__.split(".")[0]) >= 44'
  return spawnSync('python3', ['-c', check]).status !== 0
}

/** Python's cryptography with ML-DSA, as its wheels have it in version 48. */
export function lacksPythonMlDsa(): boolean {
  return (
    spawnSync('python3', ['-c', 'from cryptography.hazmat.primitives.asymmetric import mldsa']).status !== 0
  )
}

/** @param commandLine the command and its arguments, split at spaces: there is no shell and no quoting */
export function run(commandLine: string, input?: string | Uint8Array): Outcome {
  const [command = '', ...args] = commandLine.split(' ')
  const { status, stdout, stderr } = spawnSync(command, args, { input })
  return { status, stdout: stdout.toString(), stderr: stderr.toString() }
}

/** Runs a command that has to succeed, and returns what it printed; what it printed to both streams is in the failure. */
export function runWell(commandLine: string, input?: string | Uint8Array): string {
  const { status, stdout, stderr } = run(commandLine, input)
  if (status !== 0) throw new Error(`${commandLine} ended with ${status}:\n${stdout}\n${stderr}`)
  return stdout
}

/** A folder that goes away with the test. */
export function scratchFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'sealwright-x509-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** The lines of `openssl asn1parse`, which shows every element as it is encoded. */
export function asn1parse(der: Uint8Array, options = ''): string[] {
  return runWell(`openssl asn1parse -inform DER${options}`, der).trimEnd().split('\n')
}
