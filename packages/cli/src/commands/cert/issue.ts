import { SealwrightError } from '@sealwright/core'
import {
  distinguishedName,
  issueCertificate,
  readCertificateRequest,
  type CertificateProfile,
  type CertificateRequest,
  type CertificateSubject,
  type SubjectAltName,
} from '@sealwright/x509'
import { Command, Option } from 'commander'
import { inputName, outputName, readInput } from '../../files/files.ts'
import { passwordSource, withPasswordOptions, type PasswordOptions } from '../../files/passwords.ts'
import { formatOf } from '../../keys/documents.ts'
import { isSigningUri, type KeyAccess } from '../../keys/key-access.ts'
import { openKey } from '../../keys/open-key.ts'
import { derIn } from '../../keys/read-key-file.ts'
import { thumbprint } from '../../keys/thumbprint.ts'
import { prepareTargets } from '../../keys/write-document.ts'
import type { Terminal } from '../../terminal/terminal.ts'
import { withOutputOptions, type OutputOptions } from '../command-options.ts'
import { requiredIssuer, withIssuerOptions, type IssuerOptions } from '../issuer.ts'
import {
  certificateOptions,
  requiredSubject,
  subjectOf,
  withContentOptions,
  withSubjectOptions,
  withTimeOptions,
  type ContentOptions,
  type SubjectOptions,
  type TimeOptions,
} from './certificate-options.ts'

interface Options
  extends PasswordOptions, SubjectOptions, ContentOptions, TimeOptions, IssuerOptions, OutputOptions {
  readonly purpose: Purpose
  readonly grantNames?: boolean
  readonly json?: boolean
}

const profiles = {
  'token-signing': 'tokenSigning',
  'tls-server': 'tlsServer',
  'issuing-ca': 'issuingCa',
} as const satisfies Readonly<Record<string, CertificateProfile>>

type Purpose = keyof typeof profiles

/** `sealwright cert issue`: a CA signs a certificate. */
export function certIssueCommand(terminal: Terminal, access: KeyAccess): Command {
  const command = new Command('issue')
    .description(
      'issue a certificate with a CA, for a request (CSR) or for a key; extensions in a request are not copied',
    )
    .argument('<request>', 'the request, or a key with --cn: a file or a signing URI')
  withIssuerOptions(command)
    .addOption(
      new Option('--purpose <name>', 'what the certificate is for')
        .choices(Object.keys(profiles))
        .default('token-signing'),
    )
    .option('--grant-names', 'grant the alternative names in the request')
  withTimeOptions(withContentOptions(withSubjectOptions(command)), 'depends on --purpose')
  withOutputOptions(
    withPasswordOptions(command, 'the key'),
    'the certificate; with its chain in .pem and .p7b',
  )
  return command
    .option('--json', 'print the result as JSON')
    .action(async (source: string, options: Options) => {
      await issue(source, options, terminal, access)
    })
}

async function issue(source: string, options: Options, terminal: Terminal, access: KeyAccess): Promise<void> {
  const { out, format } = options
  if (out === undefined)
    throw new SealwrightError('INVALID_ARGUMENT', 'no destination; use --out FILE.cer or --out FILE.pem')
  const targets = await prepareTargets(
    { ...options, source: isRequest(source, options) ? undefined : source, password: null },
    terminal,
  )
  const issuer = await requiredIssuer(options, terminal, access)
  const subject = await subjectFrom(source, options, terminal, access)
  const content = certificateOptions(options)
  const asked = options.grantNames === true && 'extensions' in subject ? grantable(subject) : []
  const certificate = await issueCertificate(issuer, subject, {
    ...content,
    profile: profiles[options.purpose],
    subjectAltNames: [...(content.subjectAltNames ?? []), ...asked],
  })
  const whole = ['pem', 'p7b'].includes(formatOf(out, format))
  await targets.write({
    privateKey: null,
    certificates: whole ? [certificate, ...issuer.chain] : [certificate],
  })
  const result = {
    file: out,
    subject: distinguishedName(certificate),
    issuer: distinguishedName(issuer.certificate),
    serialNumber: certificate.serialNumber,
    thumbprint: thumbprint(certificate),
    notAfter: new Date(certificate.validTo).toISOString(),
  }
  targets.report(result, [
    `${outputName(out)}: ${result.subject}, issued by ${result.issuer}, valid until ${result.notAfter}`,
    `serial     ${result.serialNumber}`,
    `thumbprint ${result.thumbprint}`,
  ])
}

/** A request with its subject, or a key with the name from the options. */
async function subjectFrom(
  source: string,
  options: Options,
  terminal: Terminal,
  access: KeyAccess,
): Promise<CertificateRequest | CertificateSubject> {
  if (isRequest(source, options)) {
    return readCertificateRequest(requestIn(await readInput(source, terminal), source))
  }
  const { publicKey, certificates } = await openKey(
    source,
    { password: passwordSource(options) },
    terminal,
    access,
  )
  const [certificate] = certificates
  const own = certificate === undefined ? undefined : distinguishedName(certificate)
  return { subject: subjectOf(options) ?? own ?? requiredSubject(options), publicKey }
}

/** Whether the file is a request. For a key the name is an option, or in its store. */
function isRequest(source: string, options: Options): boolean {
  return !isSigningUri(source) && subjectOf(options) === undefined
}

function requestIn(bytes: Uint8Array, path: string): Uint8Array {
  const der = derIn(bytes, (label) => label.endsWith('CERTIFICATE REQUEST'))
  if (der !== undefined) return der
  throw new SealwrightError(
    'INVALID_ENCODING',
    `${inputName(path)} has no certificate request; create one with sealwright cert request, or pass a key and --cn`,
  )
}

/** Supported names are granted as requested. */
function grantable({ extensions }: CertificateRequest): readonly SubjectAltName[] {
  return extensions.subjectAltNames.map((name) => {
    if (name.type !== 'unsupported') return name
    throw new SealwrightError(
      'INVALID_ARGUMENT',
      'the request has a name of an unsupported type; omit --grant-names',
    )
  })
}
