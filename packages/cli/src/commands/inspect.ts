import { SealwrightError } from '@sealwright/core'
import { defaultKeyFileLimits } from '@sealwright/x509'
import { Command } from 'commander'
import { passwordSource, withPasswordOptions, type PasswordOptions } from '../files/passwords.ts'
import { describeFile } from '../inspect/file-description.ts'
import { linesOf } from '../inspect/lines.ts'
import { readContents } from '../keys/read-key-file.ts'
import { report } from '../terminal/report.ts'
import type { Terminal } from '../terminal/terminal.ts'

interface Options extends PasswordOptions {
  readonly json?: boolean
  readonly acceptMissingMac?: boolean
  readonly limit?: readonly string[]
}

/** `sealwright inspect`: describes a file of keys or certificates. It shows no private key. */
export function inspectCommand(terminal: Terminal): Command {
  const command = new Command('inspect')
    .description('describe a file of keys or certificates: PFX, PEM, DER, JWK, PKCS#7, CRL, .pvk and more')
    .argument('<file>', 'the file; - for standard input')
  return withPasswordOptions(command, 'the file')
    .option('--accept-missing-mac', 'read the private keys of a PKCS#12 file that has no MAC')
    .option('--limit <name=number...>', 'raise a limit that a message names, such as bytes=10000000')
    .option('--json', 'print the result as JSON')
    .action(async (path: string, options: Options) => {
      const { acceptMissingMac, limit = [], json } = options
      const reading = { password: passwordSource(options), acceptMissingMac, limits: readLimits(limit) }
      const description = describeFile(await readContents(path, reading, terminal))
      report(terminal, json, description, linesOf(path, description))
    })
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
