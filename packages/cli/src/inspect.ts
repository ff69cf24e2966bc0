import { isSealwrightError, SealwrightError } from '@sealwright/core'
import { defaultKeyFileLimits, readKeyFile } from '@sealwright/x509'
import { Command } from 'commander'
import { describeFile, type FileDescription } from './file-description.ts'
import { readPassword, readWholeFile } from './files.ts'
import { printable, printableJson, type Terminal } from './terminal.ts'

interface Options {
  readonly passwordFile?: string
  readonly json?: boolean
  readonly acceptMissingMac?: boolean
  readonly limit?: readonly string[]
}

/** `sealwright inspect`: describes a file of keys or certificates. It shows no private key. */
export function inspectCommand(terminal: Terminal): Command {
  return new Command('inspect')
    .description('describe a file of keys or certificates: PFX, PEM, DER, JWK, PKCS#7, CRL, .pvk and more')
    .argument('<file>', 'the file')
    .option('--password-file <file>', 'file with the password; - for standard input')
    .option('--accept-missing-mac', 'read the private keys of a PKCS#12 file that has no MAC')
    .option('--limit <name=number...>', 'raise a limit that a message names, such as bytes=10000000')
    .option('--json', 'print the result as JSON')
    .action(async (path: string, options: Options) => {
      await inspect(path, options, terminal)
    })
}

async function inspect(path: string, options: Options, terminal: Terminal): Promise<void> {
  try {
    const description = await describe(path, options, terminal)
    terminal.out(options.json === true ? printableJson(description) : formatText(path, description))
  } catch (error) {
    if (options.json === true && isSealwrightError(error)) {
      const { code, message } = error
      terminal.out(printableJson({ ok: false, error: { code, message } }))
    }
    throw error
  }
}

async function describe(
  path: string,
  { passwordFile, acceptMissingMac, limit = [] }: Options,
  terminal: Terminal,
): Promise<FileDescription> {
  const limits = readLimits(limit)
  const password = await readPassword(passwordFile, terminal)
  const bytes = await readWholeFile(path, limits['bytes'])
  try {
    return describeFile(await readKeyFile(bytes, password, { acceptMissingMac, limits }))
  } catch (error) {
    if (!isSealwrightError(error)) throw error
    const hint =
      error.code === 'WRONG_PASSWORD' && passwordFile === undefined
        ? '; give one with --password-file FILE'
        : ''
    const message = error.message
      .replace('the option acceptMissingMac', '--accept-missing-mac')
      .replace(/limits\.(\w+) raises the limit/, '--limit $1=NUMBER raises the limit')
    throw new SealwrightError(error.code, `${path}: ${message}${hint}`, { cause: error })
  }
}

/** @throws SealwrightError `INVALID_ARGUMENT` */
function readLimits(given: readonly string[]): Readonly<Record<string, number>> {
  const limits: Record<string, number> = {}
  for (const each of given) {
    const [, name = '', number] = /^(\w{1,30})=(\d{1,15})$/.exec(each) ?? []
    if (!Object.hasOwn(defaultKeyFileLimits, name)) {
      throw new SealwrightError(
        'INVALID_ARGUMENT',
        `${JSON.stringify(each)} is not a limit; write NAME=NUMBER with one of ${Object.keys(defaultKeyFileLimits).join(', ')}`,
      )
    }
    limits[name] = Number(number)
  }
  return limits
}

function formatText(path: string, file: FileDescription): string {
  const lines = [`${path}: ${file.format}`]
  if (file.mac !== null) lines.push(`MAC: ${file.mac}`)
  for (const encryption of file.encryption) lines.push(`encryption: ${encryption}`)
  for (const key of file.keys) {
    const name = key.friendlyName === null ? '' : ` "${key.friendlyName}"`
    lines.push(`private key${name}: ${key.type}, key id ${key.keyId ?? 'none'}`)
    lines.push(
      key.certificates.length === 0 ? '  no certificate' : `  certificates: ${key.certificates.join(', ')}`,
    )
  }
  for (const key of file.publicKeys) lines.push(`public key: ${key.type}, key id ${key.keyId ?? 'none'}`)
  for (const certificate of file.certificates) {
    lines.push(
      `certificate ${certificate.thumbprint}`,
      `  subject:    ${certificate.subject}`,
      `  issuer:     ${certificate.issuer}`,
      `  valid:      ${certificate.notBefore ?? 'malformed'} to ${certificate.notAfter ?? 'malformed'}`,
      `  key:        ${certificate.key.type}, key id ${certificate.key.keyId ?? 'none'}`,
      `  signed:     ${certificate.signatureAlgorithm}`,
      ...problemLines(certificate.problems),
    )
  }
  for (const request of file.requests) {
    lines.push(
      `certificate request: ${request.subject}, ${request.key.type}`,
      `  signed:     ${request.signatureAlgorithm}, ${verdicts.get(request.verified) ?? ''}`,
      ...problemLines(request.problems),
    )
  }
  for (const list of file.revocationLists) {
    lines.push(
      `CRL of ${list.issuer}, number ${list.number ?? 'none'}: ${list.revoked} revoked`,
      `  valid:      ${list.thisUpdate ?? 'malformed'} to ${list.nextUpdate ?? 'an unknown time'}`,
      `  signed:     ${list.signatureAlgorithm}`,
      ...problemLines(list.problems),
    )
  }
  for (const { what, reason } of file.skipped) lines.push(`skipped: ${what}: ${reason}`)
  for (const remark of file.remarks) lines.push(`note: ${remark}`)
  for (const weakness of file.weak) lines.push(`weak: ${weakness}`)
  return `${lines.map(printable).join('\n')}\n`
}

const verdicts: ReadonlyMap<boolean | null, string> = new Map([
  [true, 'the signature is valid'],
  [false, 'the signature is not valid'],
  [null, 'the signature was not checked'],
])

function problemLines(problems: readonly string[]): readonly string[] {
  return problems.map((problem) => `  problem:    ${problem}`)
}
