import { jwkThumbprint, importJwk, SealwrightError } from '@sealwright/core'
import { isRecord } from '@sealwright/core/internal'
import type { AuditFinding, AuditReport, AuditStream, VerifyAuditLogOptions } from '@sealwright/audit-log'
import { Command, InvalidArgumentError } from 'commander'
import { readInput } from '../../files/files.ts'
import { passwordSource, withPasswordOptions, type PasswordOptions } from '../../files/passwords.ts'
import { memberOf } from '../../json.ts'
import type { KeyAccess } from '../../keys/key-access.ts'
import { openKey } from '../../keys/open-key.ts'
import { readCertificates } from '../../keys/read-key-file.ts'
import { readKeySet } from '../../net/read-key-set.ts'
import { Refused } from '../../terminal/refused.ts'
import { report } from '../../terminal/report.ts'
import type { Terminal } from '../../terminal/terminal.ts'
import { parseSources } from '../command-options.ts'

interface Options extends PasswordOptions {
  readonly jwks?: readonly string[]
  readonly key?: readonly string[]
  readonly certificate?: readonly string[]
  readonly kid?: readonly string[]
  readonly expect?: string
  readonly archived?: boolean
  readonly json?: boolean
}

/** `sealwright audit verify`: whether an audit log is as the server wrote it. */
export function auditVerifyCommand(terminal: Terminal, access: KeyAccess): Command {
  const command = new Command('verify')
    .description('find lines of an audit log that were removed, changed or forged')
    .argument('<folder>', 'the folder with the files of the log')
    .option('--jwks <file or url...>', 'JWK Sets with the keys that sealed the log', parseSources)
    .option('--key <key...>', 'the keys themselves: files or signing URIs', parseSources)
    .option('--certificate <file...>', 'their certificates', parseSources)
    .option('--kid <thumbprint...>', 'the RFC 7638 thumbprints of the keys', parseThumbprints)
    .option(
      '--expect <file>',
      'the --json output of an earlier run; everything in it must still be in the log',
    )
    .option('--archived', 'accept that the first files of a stream, or whole streams, are missing')
  return withPasswordOptions(command, 'the keys')
    .option('--json', 'print the result as JSON')
    .action(async (folder: string, options: Options) => {
      const trustedKeys = await thumbprintsOf(options, terminal, access)
      const expected = options.expect === undefined ? undefined : await readReport(options.expect, terminal)
      // No other command needs it.
      const { verifyAuditLog } = await import('@sealwright/audit-log')
      const result = await verifyAuditLog(folder, { trustedKeys, expected, archived: options.archived })
      report(terminal, options.json, result, linesOf(result))
      const errors = result.findings.filter(({ severity }) => severity === 'error').length
      if (!result.ok)
        throw new Refused('AUDIT_LOG_CHANGED', `the audit log has ${errors} error${errors === 1 ? '' : 's'}`)
    })
}

function parseThumbprints(text: string, before: readonly string[] = []): readonly string[] {
  if (!/^[\w-]{43}$/.test(text))
    throw new InvalidArgumentError('It must be a JWK thumbprint: 43 characters of base64url.')
  return [...before, text]
}

/** @returns undefined when no option gives keys */
async function thumbprintsOf(
  options: Options,
  terminal: Terminal,
  access: KeyAccess,
): Promise<readonly string[] | undefined> {
  const { jwks = [], key = [], certificate = [], kid = [] } = options
  if (jwks.length + key.length + certificate.length + kid.length === 0) return undefined
  const password = passwordSource(options)
  const thumbprints = [...kid]
  for (const address of jwks) {
    // One after the other: they may ask for a password.
    // oxlint-disable-next-line no-await-in-loop
    const { keys } = await readKeySet(address, terminal)
    thumbprints.push(...keys.flatMap(thumbprintOf))
  }
  for (const source of key) {
    // oxlint-disable-next-line no-await-in-loop
    const { publicKey } = await openKey(source, { password }, terminal, access)
    thumbprints.push(jwkThumbprint(publicKey))
  }
  for (const path of certificate) {
    // oxlint-disable-next-line no-await-in-loop
    const [own] = await readCertificates(path, { password }, terminal)
    if (own !== undefined) thumbprints.push(jwkThumbprint(own.publicKey))
  }
  return thumbprints
}

/** A JWK Set may have keys of other kinds. They seal nothing. */
function thumbprintOf(jwk: unknown): readonly string[] {
  try {
    return isRecord(jwk) ? [jwkThumbprint(importJwk(jwk))] : []
  } catch {
    return []
  }
}

async function readReport(path: string, terminal: Terminal): Promise<VerifyAuditLogOptions['expected']> {
  const bytes = await readInput(path, terminal, 2 ** 26)
  let streams: unknown
  try {
    streams = memberOf(JSON.parse(Buffer.from(bytes).toString('utf8')), 'streams')
  } catch {
    streams = undefined
  }
  if (Array.isArray(streams)) return streams
  throw new SealwrightError(
    'INVALID_ENCODING',
    `${path} is not a report; make one with: sealwright audit verify FOLDER --json`,
  )
}

function linesOf({ streams, findings, moreFindings, ok }: AuditReport): readonly string[] {
  return [
    ...streams.map(streamLine),
    ...findings.map(findingLine),
    ...(moreFindings > 0 ? [`and ${moreFindings} more`] : []),
    ...(ok
      ? [
          `ok: ${count(
            streams.reduce((sum, { tokens }) => sum + tokens, 0),
            'token',
          )} in ${count(streams.length, 'stream')}`,
        ]
      : []),
  ]
}

function streamLine({ stream, files, tokens, from, to, sealed, isClosed, head }: AuditStream): string {
  const seal =
    sealed === null ? 'not sealed' : `sealed up to line ${sealed.sequence} of ${head?.sequence ?? 0}`
  const time = from === null ? 'empty' : `${from} to ${to}`
  return `${stream}  ${count(tokens, 'token')} in ${count(files, 'file')}  ${time}  ${seal}  ${isClosed ? 'closed' : 'not closed'}`
}

function findingLine({ severity, id, file, line, stream, message }: AuditFinding): string {
  const place = file === null ? stream : line === null ? file : `${file}:${line}`
  return `${severity}: ${id}: ${place === null ? '' : `${place}: `}${message}`
}

function count(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? '' : 's'}`
}
