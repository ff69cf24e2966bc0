import { SealwrightError } from '@sealwright/core'
import { createCertificateRequest, distinguishedName, encodePem } from '@sealwright/x509'
import { Command } from 'commander'
import { assertKept, assertOutputs, outputName, writeOutputs } from '../../files/files.ts'
import { passwordSource, withPasswordOptions, type PasswordOptions } from '../../files/passwords.ts'
import { fileOf, type KeyAccess } from '../../keys/key-access.ts'
import { openKey } from '../../keys/open-key.ts'
import { remark, report } from '../../terminal/report.ts'
import type { Terminal } from '../../terminal/terminal.ts'
import {
  namesOf,
  subjectOf,
  withContentOptions,
  withSubjectOptions,
  type ContentOptions,
  type SubjectOptions,
} from './certificate-options.ts'

interface Options extends PasswordOptions, SubjectOptions, ContentOptions {
  readonly out: string
  readonly force?: boolean
  readonly json?: boolean
}

/** `sealwright cert request`: a PKCS#10 request, signed by a key that exists. */
export function certRequestCommand(terminal: Terminal, access: KeyAccess): Command {
  const command = new Command('request')
    .description('create a certificate request (CSR) with a key, for a CA to issue a certificate')
    .argument('<key>', 'a file or a signing URI')
  withContentOptions(withSubjectOptions(withPasswordOptions(command, 'the key')))
  return command
    .requiredOption('--out <file>', 'the request, in PEM; in DER when it ends in .der; - for standard output')
    .option('--force', 'replace a file that exists')
    .option('--json', 'print the result as JSON')
    .action(async (source: string, options: Options) => {
      const { out, force, json } = options
      await assertOutputs([out], options)
      await assertKept(fileOf(source), [out])
      const key = await openKey(source, { password: passwordSource(options) }, terminal, access)
      const [certificate] = key.certificates
      const subject =
        subjectOf(options) ?? (certificate === undefined ? null : distinguishedName(certificate))
      if (subject === null) {
        throw new SealwrightError(
          'INVALID_ARGUMENT',
          'the request needs a name: --cn my-app-auth, or --subject',
        )
      }
      const der = await createCertificateRequest(key.signer(), {
        subject,
        subjectAltNames: namesOf(options),
        extensions: { keyUsage: options.keyUsage, extendedKeyUsage: options.eku },
      })
      const content = /\.der$/i.test(out) ? der : encodePem('CERTIFICATE REQUEST', der)
      await writeOutputs([{ path: out, content }], terminal, force)
      const lines = [`${outputName(out)}: a request for ${subject}`, `kid        ${key.keyId}`]
      if (out === '-') remark(terminal, lines)
      else report(terminal, json, { file: out, subject, keyId: key.keyId }, lines)
    })
}
