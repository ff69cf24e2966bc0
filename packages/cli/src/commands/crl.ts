import { isSealwrightError, SealwrightError } from '@sealwright/core'
import {
  createRevocationList,
  encodePem,
  readRevocationList,
  revocationReasons,
  type RevocationList,
  type RevocationReason,
  type RevokedCertificate,
} from '@sealwright/x509'
import { Command, Option } from 'commander'
import { assertKept, assertOutputs, inputName, outputName, readInput, writeOutputs } from '../files/files.ts'
import { fileOf, type KeyAccess } from '../keys/key-access.ts'
import { derIn, readCertificates } from '../keys/read-key-file.ts'
import { remark, report } from '../terminal/report.ts'
import type { Terminal } from '../terminal/terminal.ts'
import { millisecondsPerDay } from '../time.ts'
import { parseDays } from './command-options.ts'
import { requiredIssuer, withIssuerOptions, type IssuerOptions, type OpenedIssuer } from './issuer.ts'

interface Options extends IssuerOptions {
  readonly out: string
  readonly previous?: string
  readonly revoke?: readonly string[]
  readonly reason: RevocationReason
  readonly validityDays: number
  readonly force?: boolean
  readonly json?: boolean
}

/** `sealwright crl`: the next revocation list of a CA. */
export function crlCommand(terminal: Terminal, access: KeyAccess): Command {
  const command = new Command('crl').description(
    'sign the next revocation list of a CA: the entries of the previous one, and the certificates to revoke',
  )
  return withIssuerOptions(command)
    .requiredOption(
      '--out <file>',
      'the list, in DER; in PEM when it ends in .pem; - for PEM on standard output',
    )
    .option('--previous <file>', 'the previous list; omit it for the first one')
    .option('--revoke <certificate...>', 'serial numbers in hexadecimal, or files of certificates')
    .addOption(
      new Option('--reason <name>', 'the reason of the revocations')
        .choices(revocationReasons)
        .default('unspecified'),
    )
    .option('--validity-days <number>', 'days until the next list is due', parseDays, 7)
    .option('--force', 'replace a file that exists')
    .option('--json', 'print the result as JSON')
    .action(async (options: Options) => {
      await createList(options, terminal, access)
    })
}

async function createList(options: Options, terminal: Terminal, access: KeyAccess): Promise<void> {
  const { out, previous, revoke = [], reason, validityDays, force, json } = options
  await assertOutputs([out], options)
  await assertKept(fileOf(options.ca), [out])
  const issuer = await requiredIssuer(options, terminal, access)
  if (previous === undefined && force === true) await assertNoList(out, issuer, terminal)
  const before = previous === undefined ? null : await readPrevious(previous, issuer, terminal)
  const serialNumbers: string[] = []
  for (const each of revoke) {
    // One after the other: they may ask for a password.
    // oxlint-disable-next-line no-await-in-loop
    serialNumbers.push(await serialNumberOf(each, issuer, terminal))
  }
  const known = new Set(before?.revoked.map(({ serialNumber }) => normalized(serialNumber)))
  const revokedAt = new Date()
  const added = [...new Set(serialNumbers.map(normalized))]
    .filter((serialNumber) => !known.has(serialNumber))
    .map((serialNumber): RevokedCertificate => ({ serialNumber, revokedAt, reason }))
  const number = (before?.number ?? 0n) + 1n
  const revoked = [...(before?.revoked ?? []), ...added]
  const nextUpdate = new Date(revokedAt.getTime() + validityDays * millisecondsPerDay)
  const der = await createRevocationList(issuer, { number, revoked, thisUpdate: revokedAt, nextUpdate })
  const isPem = out === '-' || /\.pem$/i.test(out)
  await writeOutputs([{ path: out, content: isPem ? encodePem('X509 CRL', der) : der }], terminal, force)
  const result = {
    file: out,
    number: String(number),
    revoked: revoked.length,
    nextUpdate: nextUpdate.toISOString(),
  }
  const lines = [
    `${outputName(out)}: list ${number} of ${issuer.certificate.subject.replaceAll('\n', ', ')}, ${revoked.length} revoked, ${added.length} of them now`,
    `publish the next list before ${result.nextUpdate}: sealwright crl --previous ${out === '-' ? 'FILE' : out} …`,
  ]
  if (out === '-') remark(terminal, lines)
  else report(terminal, json, result, lines)
}

const replaceable = ['NOT_FOUND', 'INVALID_ENCODING', 'INVALID_SIGNATURE'] as const

/** @throws SealwrightError `INVALID_ARGUMENT` where a first list would replace another one of the CA, and drop its entries */
async function assertNoList(path: string, issuer: OpenedIssuer, terminal: Terminal): Promise<void> {
  if (path === '-') return
  const list = await readPrevious(path, issuer, terminal).catch((error: unknown) => {
    // No file, another document, or the list of another CA: it is replaced, as --force says.
    if (replaceable.some((code) => isSealwrightError(error, code))) return null
    throw error
  })
  if (list === null) return
  throw new SealwrightError(
    'INVALID_ARGUMENT',
    `${path} is a list of this CA, and a first list would drop its entries; pass --previous ${path}`,
  )
}

async function readPrevious(path: string, issuer: OpenedIssuer, terminal: Terminal): Promise<RevocationList> {
  const bytes = await readInput(path, terminal, 2 ** 26)
  const der = derIn(bytes, () => true)
  if (der === undefined) throw new SealwrightError('INVALID_ENCODING', `${inputName(path)} has no CRL`)
  return readRevocationList(der, issuer.certificate)
}

/** A file must hold a certificate that the CA has issued. */
async function serialNumberOf(text: string, issuer: OpenedIssuer, terminal: Terminal): Promise<string> {
  if (/^[0-9a-f]{1,2}(?::?[0-9a-f]{2})*$/i.test(text)) return text.replaceAll(':', '')
  const source = { option: '--password' }
  const [certificate] = await readCertificates(text, { password: source }, terminal).catch(
    (error: unknown) => {
      if (!isSealwrightError(error, 'WRONG_PASSWORD')) throw error
      // This command has no option for it.
      const message = `${text} has a password; write its certificate to a file without one: sealwright cert convert ${text} --out FILE.cer`
      throw new SealwrightError(error.code, message, { cause: error })
    },
  )
  if (certificate?.checkIssued(issuer.certificate) !== true) {
    throw new SealwrightError(
      'INVALID_ARGUMENT',
      `the CA has not issued the certificate in ${text}; a CRL lists only certificates of its own CA`,
    )
  }
  return certificate.serialNumber
}

function normalized(serialNumber: string): string {
  const digits = serialNumber.toUpperCase().replace(/^0+(?=.)/, '')
  return digits.length % 2 === 0 ? digits : `0${digits}`
}
