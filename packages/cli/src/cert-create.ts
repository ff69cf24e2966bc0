import { rm } from 'node:fs/promises'
import { resolve } from 'node:path'
import { createLocalSigner, keyType, keyTypes, SealwrightError } from '@sealwright/core'
import {
  createSelfSignedCertificate,
  distinguishedName,
  encodePem,
  generatePrivateKey,
  writePkcs12,
  type Pkcs12Profile,
  type SubjectAltName,
} from '@sealwright/x509'
import { Command, InvalidArgumentError, Option } from 'commander'
import { assertWritable, readPassword, writeNewFile } from './files.ts'
import { printableJson, type Terminal } from './terminal.ts'

interface Options {
  readonly cn?: string
  readonly subject?: string
  readonly keyType: string
  readonly validityDays: number
  readonly dns: readonly string[]
  readonly out: string
  readonly cer?: string
  readonly passwordFile: string
  readonly profile: Pkcs12Profile
  readonly json?: boolean
}

/** `sealwright cert create`: makecert and pvk2pfx in one step. */
export function certCreateCommand(terminal: Terminal): Command {
  return new Command('create')
    .description('make a key with a self-signed certificate for signing tokens, and write both to a PFX file')
    .addOption(
      new Option('--cn <name>', 'common name of the subject, such as my-app-auth').conflicts('subject'),
    )
    .option('--subject <name>', 'the whole subject, such as CN=my-app-auth,O=Contoso')
    .addOption(
      new Option('--key-type <type>', 'type of the key')
        .choices(keyTypes.map(({ name }) => name))
        .default('rsa-2048'),
    )
    .option('--validity-days <number>', 'days that the certificate is valid', parseDays, 730)
    .option('--dns <name...>', 'DNS names to go into the certificate', [])
    .requiredOption('--out <file>', 'the PFX file; it must not exist yet')
    .option('--cer <file>', 'also write the certificate alone, in PEM')
    .requiredOption('--password-file <file>', 'file with the password of the PFX; - for standard input')
    .addOption(
      new Option('--profile <name>', 'encryption and MAC of the PFX; compatible is weak, for old readers')
        .choices(['modern', 'pbmac1', 'compatible'])
        .default('modern'),
    )
    .option('--json', 'print the result as JSON')
    .action(async (options: Options) => {
      await create(options, terminal)
    })
}

async function create(options: Options, terminal: Terminal): Promise<void> {
  const subject = subjectOf(options)
  const outputs = options.cer === undefined ? [options.out] : [options.out, options.cer]
  if (outputs.length === 2 && resolve(options.out) === resolve(outputs[1] ?? '')) {
    throw new SealwrightError('INVALID_ARGUMENT', '--out and --cer name the same file')
  }
  await Promise.all(outputs.map(assertWritable))
  const password = await readPassword(options.passwordFile, terminal)
  if (password === '') {
    throw new SealwrightError('INVALID_ARGUMENT', 'the password is empty; write one into the password file')
  }
  const privateKey = await generatePrivateKey(keyType(options.keyType).name)
  const signer = createLocalSigner(privateKey)
  const notBefore = new Date()
  const certificate = await createSelfSignedCertificate(signer, {
    subject,
    notBefore,
    notAfter: new Date(notBefore.getTime() + options.validityDays * 24 * 60 * 60 * 1000),
    subjectAltNames: options.dns.map((value): SubjectAltName => ({ type: 'dns', value })),
  })
  const friendlyName = options.cn ?? distinguishedName(certificate)
  const pfx = await writePkcs12({ privateKey, certificates: [certificate], friendlyName }, password, {
    profile: options.profile,
  })
  await writeNewFile(options.out, pfx)
  if (options.cer !== undefined) {
    try {
      await writeNewFile(options.cer, encodePem('CERTIFICATE', certificate.raw))
    } catch (error) {
      // Both files or neither. The key is new, so nothing uses it yet.
      await rm(options.out, { force: true })
      throw error
    }
  }

  const made = {
    file: options.out,
    subject: distinguishedName(certificate),
    thumbprint: certificate.fingerprint.replaceAll(':', ''),
    keyId: signer.keyId,
    notAfter: new Date(certificate.validTo).toISOString(),
  }
  terminal.out(
    options.json === true
      ? printableJson(made)
      : `${made.file}: ${made.subject}, valid until ${made.notAfter}\nthumbprint ${made.thumbprint}\nkey id     ${made.keyId}\n`,
  )
}

function subjectOf({ cn, subject }: Options): string {
  // Every character with a meaning in RFC 4514 §2.4 may be escaped anywhere.
  const name = subject ?? (cn === undefined ? undefined : `CN=${cn.replaceAll(/[ "#+,;<=>\\]/g, '\\$&')}`)
  if (name === undefined) {
    throw new SealwrightError(
      'INVALID_ARGUMENT',
      'the certificate needs a name: --cn my-app-auth, or --subject',
    )
  }
  return name
}

function parseDays(text: string): number {
  const days = Number(text)
  if (!/^\d{1,6}$/.test(text) || days === 0)
    throw new InvalidArgumentError('It must be a whole number of days from 1 to 999999.')
  return days
}
