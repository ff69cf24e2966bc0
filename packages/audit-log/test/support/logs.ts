import { createHash, generateKeyPairSync } from 'node:crypto'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createLocalSigner, type SyncSigner } from '@sealwright/core'
import { scratchFolder } from '@sealwright/test-kit/folders'
import {
  openAuditLog,
  verifyAuditLog,
  type AuditEntry,
  type AuditLogOptions,
  type AuditReport,
} from '../../src/index.ts'
import { chainPlaceholder, finishBatch } from '../../src/format/chain.ts'

/** Seals the logs of the tests. */
export const signer: SyncSigner = newSigner()

export function newSigner(): SyncSigner {
  return createLocalSigner(generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey)
}

/** A token to record. */
export function entry(name: string | number): AuditEntry {
  return { jti: `jti-${name}`, keyId: 'kid-1', clientId: 'shop', signingInput: `header.payload-${name}` }
}

/** The digest that the line of {@link entry} has. */
export function digestOf({ signingInput }: AuditEntry): string {
  return createHash('sha256').update(signingInput).digest('base64url')
}

/** A log that was closed: so many tokens, each in a batch of its own. */
export async function writeLog(
  tokens: number,
  { folder = scratchFolder(), ...options }: Partial<AuditLogOptions> = {},
): Promise<string> {
  const log = await openAuditLog({ folder, signer, ...options })
  for (let each = 1; each <= tokens; each++) {
    // oxlint-disable-next-line no-await-in-loop
    await log.record(entry(each))
  }
  await log.close()
  return folder
}

export function verify(folder: string): Promise<AuditReport> {
  return verifyAuditLog(folder, { trustedKeys: [signer.keyId] })
}

/** What a verification found, in short: `error chain-broken 3`. */
export async function found(folder: string): Promise<readonly string[]> {
  const { findings } = await verify(folder)
  return findings.map(({ severity, id, line }) => `${severity} ${id}${line === null ? '' : ` ${line}`}`)
}

export function filesOf(folder: string): readonly string[] {
  return readdirSync(folder).toSorted()
}

export function pathOf(folder: string, index = 0): string {
  return join(folder, filesOf(folder)[index] ?? '')
}

export function linesOf(path: string): string[] {
  return readFileSync(path, 'utf8').trimEnd().split('\n')
}

export function writeLines(path: string, lines: readonly string[]): void {
  writeFileSync(path, lines.map((line) => `${line}\n`).join(''))
}

/** The lines with the numbers that they would have had. */
export function renumbered(all: readonly string[]): string[] {
  return all.map((line, index) => line.replace(/"sequence":\d+/, `"sequence":${index + 1}`))
}

/** What an attacker does who has no key: the chain is computed again from the first line on. */
export function rechained(all: readonly string[]): string[] {
  let previous = ''
  let batch = ''
  const text = all.map((line) => {
    const end = line.lastIndexOf(',"chain":"')
    if (end === -1) {
      batch += `${line}\n`
      return ''
    }
    const whole = Buffer.from(`${batch}${line.slice(0, end)}${chainPlaceholder}\n`)
    previous = finishBatch(previous, whole)
    batch = ''
    return whole.toString()
  })
  return text.join('').trimEnd().split('\n')
}
