import { SealwrightError } from '@sealwright/core'
import { encodePem } from '@sealwright/x509'
import type { X509Certificate } from 'node:crypto'
import { Command } from 'commander'
import { inputName } from '../../files/files.ts'
import { passwordSource, withPasswordOptions, type PasswordOptions } from '../../files/passwords.ts'
import { summarizeCertificate } from '../../inspect/describe-certificate.ts'
import { fullCertificateLines } from '../../inspect/lines.ts'
import { isSigningUri, type KeyAccess } from '../../keys/key-access.ts'
import { openKey } from '../../keys/open-key.ts'
import { readContents } from '../../keys/read-key-file.ts'
import { report } from '../../terminal/report.ts'
import type { Terminal } from '../../terminal/terminal.ts'

interface Options extends PasswordOptions {
  readonly pem?: boolean
  readonly json?: boolean
}

/** `sealwright cert show`: the certificates of a file or a key. */
export function certShowCommand(terminal: Terminal, access: KeyAccess): Command {
  const command = new Command('show')
    .description(
      'show the certificates of a file, a store or a vault: names, dates, thumbprints, usages, problems',
    )
    .argument('<key>', 'a file, - for standard input, or a signing URI')
  return withPasswordOptions(command, 'the file or the store')
    .option('--pem', 'print them in PEM, for other programs')
    .option('--json', 'print the result as JSON')
    .action(async (source: string, options: Options) => {
      if (options.pem === true && options.json === true) {
        throw new SealwrightError(
          'INVALID_ARGUMENT',
          '--pem and --json are two formats of the output; omit one',
        )
      }
      const certificates = await certificatesOf(source, options, terminal, access)
      if (options.pem === true) {
        terminal.out(certificates.map(({ raw }) => encodePem('CERTIFICATE', raw)).join(''))
        return
      }
      const shown = certificates.map((certificate) => summarizeCertificate(certificate))
      report(terminal, options.json, { certificates: shown }, shown.flatMap(fullCertificateLines))
    })
}

async function certificatesOf(
  source: string,
  options: Options,
  terminal: Terminal,
  access: KeyAccess,
): Promise<readonly X509Certificate[]> {
  const reading = { password: passwordSource(options) }
  const { certificates } = isSigningUri(source)
    ? await openKey(source, reading, terminal, access)
    : await readContents(source, reading, terminal)
  if (certificates.length > 0) return certificates
  throw new SealwrightError('NOT_FOUND', `${inputName(source)} has no certificate`)
}
