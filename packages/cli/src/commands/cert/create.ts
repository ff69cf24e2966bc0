import type { X509Certificate } from 'node:crypto'
import { createLocalSigner, keyType, SealwrightError } from '@sealwright/core'
import { createSelfSignedCertificate, distinguishedName, generatePrivateKey } from '@sealwright/x509'
import { Command, Option } from 'commander'
import { outputName } from '../../files/files.ts'
import { passwordSource, withNewPasswordOptions } from '../../files/passwords.ts'
import type { KeyAccess } from '../../keys/key-access.ts'
import { openKey } from '../../keys/open-key.ts'
import { thumbprint } from '../../keys/thumbprint.ts'
import { formatOf, hasPrivateKey } from '../../keys/documents.ts'
import { prepareTargets, type PreparedTargets } from '../../keys/write-document.ts'
import { withProgress } from '../../terminal/progress.ts'
import type { Terminal } from '../../terminal/terminal.ts'
import { keyTypeOption, withOutputOptions, withProfileOption } from '../command-options.ts'
import {
  certificateOptions,
  defaultDays,
  requiredSubject,
  withContentOptions,
  withSubjectOptions,
  withTimeOptions,
  type CreateOptions,
} from './certificate-options.ts'
import { createInStore } from './create-in-store.ts'

/** `sealwright cert create`: makecert and pvk2pfx in one step. */
export function certCreateCommand(terminal: Terminal, access: KeyAccess): Command {
  const command = new Command('create').description(
    'create a key with a self-signed certificate for signing tokens, in a PFX or PEM file, a store or a vault',
  )
  withSubjectOptions(command)
    .addOption(keyTypeOption('type of the new key (default: "rsa-2048")').conflicts('key'))
    .option('--friendly-name <name>', 'the name that Windows and Java show (default: the common name)')
  withTimeOptions(withContentOptions(command), '730')
  withOutputOptions(command, 'the file of the key and its certificate')
    .addOption(
      new Option(
        '--to <store>',
        'create it there instead: store:my, store:FOLDER?name=NAME, or a certificate in a vault',
      ).conflicts(['out', 'cer', 'key']),
    )
    .option(
      '--key <key>',
      'certify this key instead of a new one: a file or a signing URI; --out is the certificate',
    )
  return withProfileOption(withNewPasswordOptions(command, 'the file'))
    .option('--json', 'print the result as JSON')
    .addHelpText('after', example)
    .action(async (options: CreateOptions) => {
      if (options.to !== undefined) await createInStore(options.to, options, terminal, access)
      else if (options.key !== undefined) await certify(options.key, options, terminal, access)
      else await create(options, terminal)
    })
}

const example = `
Example: sealwright cert create --cn my-app-auth --out my-app-auth.pfx`

async function create(options: CreateOptions, terminal: Terminal): Promise<void> {
  const subject = requiredSubject(options)
  if (options.out === undefined) throw nowhere()
  const targets = await prepareTargets({ ...options, password: passwordSource(options) }, terminal)
  if (!targets.privateKey) {
    throw new SealwrightError(
      'INVALID_ARGUMENT',
      `${options.out} would contain the certificate but not its new key; use a .pfx or .pem file for --out, and --cer for the certificate`,
    )
  }
  targets.assertCertificate()
  const type = keyType(options.keyType ?? 'rsa-2048').name
  const privateKey = await withProgress(terminal, 'generating the key', generatePrivateKey(type))
  const signer = createLocalSigner(privateKey)
  const certificate = await createSelfSignedCertificate(signer, {
    subject,
    ...certificateOptions(options, defaultDays),
  })
  const friendlyName = options.friendlyName ?? options.cn ?? distinguishedName(certificate)
  await targets.write({ privateKey, certificates: [certificate], friendlyName })
  show(options, targets, certificate, signer.keyId)
}

/** A self-signed certificate of a key that exists. */
async function certify(
  source: string,
  options: CreateOptions,
  terminal: Terminal,
  access: KeyAccess,
): Promise<void> {
  const subject = requiredSubject(options)
  if (options.out === undefined) throw nowhere()
  const format = formatOf(options.out, options.format)
  if (hasPrivateKey(format) && format !== 'pem') {
    throw new SealwrightError(
      'INVALID_ARGUMENT',
      'with --key only the certificate is written; use a .cer, .der or .pem file. cert convert joins it with the key',
    )
  }
  const targets = await prepareTargets({ ...options, source, password: null }, terminal)
  const key = await openKey(source, { password: passwordSource(options) }, terminal, access)
  const certificate = await createSelfSignedCertificate(key.signer(), {
    subject,
    ...certificateOptions(options, defaultDays),
  })
  await targets.write({ privateKey: null, certificates: [certificate] })
  show(options, targets, certificate, key.keyId)
}

function nowhere(): SealwrightError {
  return new SealwrightError('INVALID_ARGUMENT', 'no destination; use --out FILE.pfx or --to STORE')
}

function show(
  { out = '' }: CreateOptions,
  targets: PreparedTargets,
  certificate: X509Certificate,
  keyId: string,
): void {
  const made = {
    file: out,
    subject: distinguishedName(certificate),
    thumbprint: thumbprint(certificate),
    keyId,
    notAfter: new Date(certificate.validTo).toISOString(),
  }
  targets.report(made, [
    `${outputName(out)}: ${made.subject}, valid until ${made.notAfter}`,
    `thumbprint ${made.thumbprint}`,
    `kid        ${made.keyId}`,
  ])
}
