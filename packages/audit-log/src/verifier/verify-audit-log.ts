import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { SealwrightError } from '@sealwright/core'
import {
  aBoolean,
  aFolderPath,
  anArray,
  limitExceeded,
  listOf,
  must,
  optionsOf,
} from '@sealwright/core/internal'
import { formatFileName, groupByStream, type FileName } from '../format/file-names.ts'
import { readClaims, type StreamClaims } from './claims.ts'
import { readLines, unreadable } from './read-lines.ts'
import { Findings, type AuditReport, type AuditStream } from './report.ts'
import { StreamVerifier } from './stream-verifier.ts'

/** Options of {@link verifyAuditLog}. */
export interface VerifyAuditLogOptions {
  /**
   * The RFC 7638 thumbprints of the keys that may seal, as {@link jwkThumbprint} returns them. The log contains the
   * keys, so old keys need not be kept. Default: the seals of any key count, and the report has a warning.
   */
  readonly trustedKeys?: readonly string[] | undefined
  /** The streams of an earlier report that was kept elsewhere. What they had must still be there. Default: none. */
  readonly expected?: readonly Pick<AuditStream, 'stream' | 'head'>[] | undefined
  /** Whether old files may have been moved elsewhere. Default false: a stream without its first file is an error. */
  readonly archived?: boolean | undefined
}

/** A directory with more files than this is not an audit log. */
const maximumFiles = 100_000

/**
 * Verifies that no line of an audit log was changed, removed or added, and that its seals are valid. It reads files of
 * any size in constant memory, and can run while a server writes.
 *
 * @param folder the folder that {@link openAuditLog} was given
 * @returns a report; a changed log is a finding and does not throw
 * @throws SealwrightError `INVALID_ARGUMENT` for malformed arguments; `NOT_FOUND` if there is no such folder or no audit log in it;
 *   `ACCESS_DENIED` or `UNAVAILABLE` if a file cannot be read; `LIMIT_EXCEEDED` for more than 100,000 files, or
 *   when streams saw more than 1,000,000 ends of others
 *
 * @example
 * ```ts
 * import { verifyAuditLog } from '@sealwright/audit-log'
 *
 * const { ok, findings } = await verifyAuditLog('./audit', {
 *   trustedKeys: ['NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs'],
 * })
 * for (const { severity, file, line, message } of findings) console.log(severity, file, line, message)
 * if (!ok) process.exitCode = 1
 * ```
 */
export async function verifyAuditLog(
  folder: string,
  options: VerifyAuditLogOptions = {},
): Promise<AuditReport> {
  aFolderPath('folder', folder)
  verifyOptions('options', options)
  const { trustedKeys, expected = [], archived = false } = options
  const streams = groupByStream(await filesIn(folder))
  const claims = await readClaims(folder, streams, expected)
  if (streams.size === 0 && claims.size === 0) {
    throw new SealwrightError(
      'NOT_FOUND',
      `there is no audit log in ${folder}: no file is named audit-….jsonl`,
    )
  }
  const run: Run = { folder, archived, findings: new Findings(), kids: new Set() }
  const trusted = trustedKeys === undefined ? null : new Set(trustedKeys)
  const reports: AuditStream[] = []
  for (const [stream, files] of streams) {
    const verifier = new StreamVerifier({
      stream,
      findings: run.findings,
      claims: claims.get(stream) ?? new Map(),
      trusted,
      onKey: (kid) => run.kids.size < 10 && run.kids.add(kid),
    })
    // oxlint-disable-next-line no-await-in-loop
    reports.push(await verifyStream(verifier, files, run))
  }
  reportMissingStreams(claims, streams, run)
  if (trusted === null) reportUncheckedKeys(run)
  const { findings } = run
  return { ok: !findings.hasErrors, streams: reports, findings: findings.list, moreFindings: findings.more }
}

const verifyOptions = optionsOf({
  trustedKeys: listOf(
    must(
      'a JWK thumbprint: 43 characters of base64url',
      (value) => typeof value === 'string' && /^[\w-]{43}$/.test(value),
    ),
  ),
  expected: anArray,
  archived: aBoolean,
})

interface Run {
  readonly folder: string
  readonly archived: boolean
  readonly findings: Findings
  /** The keys of valid seals. */
  readonly kids: Set<string>
}

async function filesIn(folder: string): Promise<readonly string[]> {
  const names = await readdir(folder).catch((error: unknown) => {
    throw unreadable(folder, error)
  })
  if (names.length > maximumFiles) throw limitExceeded(folder, names.length, 'files', maximumFiles)
  return names
}

async function verifyStream(
  verifier: StreamVerifier,
  files: readonly FileName[],
  { folder, archived, findings }: Run,
): Promise<AuditStream> {
  let next = 1
  for (const file of files) {
    const isAfterHole = file.number > next
    if (isAfterHole && !(archived && next === 1)) {
      const missing = Array.from({ length: Math.min(file.number - next, 3) }, (_, index) =>
        formatFileName({ ...file, number: next + index }),
      )
      const more = file.number - next - missing.length
      findings.add({
        id: 'file-missing',
        severity: 'error',
        stream: file.stream,
        file: formatFileName(file),
        line: null,
        message: `the files before it are missing: ${missing.join(', ')}${more > 0 ? ` and ${more} more` : ''}`,
      })
    }
    verifier.beginFile(file, isAfterHole)
    // oxlint-disable-next-line no-await-in-loop
    await readLines(join(folder, formatFileName(file)), (line) => verifier.line(line))
    verifier.endFile()
    next = file.number + 1
  }
  return verifier.end()
}

function reportMissingStreams(
  claims: ReadonlyMap<string, StreamClaims>,
  streams: ReadonlyMap<string, unknown>,
  { archived, findings }: Run,
): void {
  if (archived) return
  for (const [stream, byLine] of claims) {
    const [[claim] = []] = byLine.values()
    if (streams.has(stream) || claim === undefined) continue
    const message = `the stream is missing: ${claim.source} had ${claim.sequence} lines of it`
    findings.add({ id: 'stream-missing', severity: 'error', stream, file: null, line: null, message })
  }
}

function reportUncheckedKeys({ findings, kids }: Run): void {
  findings.add({
    id: 'keys-unchecked',
    severity: 'warning',
    stream: null,
    file: null,
    line: null,
    message: `the seals were verified with the keys in the log itself, which proves nothing unless these keys are yours: ${[...kids].join(', ') || 'none'}`,
  })
}
