import type { KeyObject } from 'node:crypto'
import { createLocalSigner, keyType, SealwrightError, type Signer } from '@sealwright/core'
import {
  createSelfSignedCertificate,
  distinguishedName,
  generatePrivateKey,
  issueCertificate,
  type CertificateOptions,
  type Pkcs12Profile,
} from '@sealwright/x509'
import { Command, InvalidArgumentError } from 'commander'
import { outputName } from '../../files/files.ts'
import { passwordSource, withNewPasswordOptions, type PasswordOptions } from '../../files/passwords.ts'
import type { KeyAccess } from '../../keys/key-access.ts'
import { openKey } from '../../keys/open-key.ts'
import { thumbprint } from '../../keys/thumbprint.ts'
import { prepareTargets } from '../../keys/write-document.ts'
import { withProgress } from '../../terminal/progress.ts'
import type { Terminal } from '../../terminal/terminal.ts'
import { requiredSubject, timesOf, withSubjectOptions, withTimeOptions } from '../cert/certificate-options.ts'
import type { SubjectOptions, TimeOptions } from '../cert/certificate-options.ts'
import {
  keyTypeOption,
  withOutputOptions,
  withProfileOption,
  type OutputOptions,
} from '../command-options.ts'
import { openIssuer, withIssuerOptions, type IssuerOptions, type OpenedIssuer } from '../issuer.ts'

interface Options extends SubjectOptions, TimeOptions, OutputOptions, PasswordOptions, IssuerOptions {
  readonly keyType?: string
  readonly key?: string
  readonly pathLength?: number
  readonly crlUrl?: readonly string[]
  readonly profile: Pkcs12Profile
  readonly json?: boolean
}

/** `sealwright ca create`: a root CA, or with `--ca` one below another. */
export function caCreateCommand(terminal: Terminal, access: KeyAccess): Command {
  const command = new Command('create').description(
    'create a certificate authority: a root, or with --ca an issuing CA that the other one certifies',
  )
  withSubjectOptions(command)
    .addOption(keyTypeOption('type of the new key (default: "ec-p384")').conflicts('key'))
    .option(
      '--key <key>',
      'certify this key instead of a new one, such as one in a vault; --out is the certificate',
    )
    .option(
      '--path-length <number>',
      'how many CAs may be below it (default: any for a root, 0 with --ca)',
      parseLength,
    )
    .option('--crl-url <url...>', 'where the CRL of the CA given with --ca will be')
  withTimeOptions(withIssuerOptions(command), '7305 for a root, 1826 with --ca')
  withOutputOptions(command, 'the file of the key and its certificate')
  return withProfileOption(withNewPasswordOptions(command, 'the file'))
    .option('--json', 'print the result as JSON')
    .action(async (options: Options) => {
      await create(options, terminal, access)
    })
}

function parseLength(text: string): number {
  if (!/^\d{1,2}$/.test(text)) throw new InvalidArgumentError('It is a whole number from 0 to 99.')
  return Number(text)
}

async function create(options: Options, terminal: Terminal, access: KeyAccess): Promise<void> {
  const { out, key: source, ca } = options
  const subject = requiredSubject(options)
  if (out === undefined) throw new SealwrightError('INVALID_ARGUMENT', 'no destination; use --out my-ca.pfx')
  if (ca === undefined && options.crlUrl !== undefined) {
    throw new SealwrightError(
      'INVALID_ARGUMENT',
      '--crl-url is only for a CA below another; use --ca, or omit --crl-url',
    )
  }
  const password = passwordSource(options)
  const targets = await prepareTargets(
    { ...options, source, password: source === undefined ? password : null },
    terminal,
  )
  if (source === undefined && !targets.privateKey) {
    throw new SealwrightError(
      'INVALID_ARGUMENT',
      `${out} would contain the certificate but not its new key; use a .pfx or .pem file`,
    )
  }
  targets.assertCertificate()
  const issuer = await openIssuer(options, terminal, access)
  const { signer, privateKey } =
    source === undefined
      ? await newKey(options, terminal)
      : { signer: (await openKey(source, { password }, terminal, access)).signer(), privateKey: null }
  const certificate = await certify(signer, subject, issuer, options)
  const chain = [certificate, ...(issuer?.chain ?? [])]
  await targets.write({ privateKey, certificates: chain, friendlyName: options.cn })
  const result = {
    file: out,
    subject: distinguishedName(certificate),
    issuer: issuer === null ? null : distinguishedName(issuer.certificate),
    thumbprint: thumbprint(certificate),
    keyId: signer.keyId,
    notAfter: new Date(certificate.validTo).toISOString(),
  }
  targets.report(result, [
    `${outputName(out)}: the ${issuer === null ? 'root' : 'issuing'} CA ${result.subject}, valid until ${result.notAfter}`,
    `thumbprint ${result.thumbprint}`,
    `kid        ${result.keyId}`,
  ])
}

async function newKey(
  options: Options,
  terminal: Terminal,
): Promise<{ readonly signer: Signer; readonly privateKey: KeyObject }> {
  const type = keyType(options.keyType ?? 'ec-p384').name
  const privateKey = await withProgress(terminal, 'generating the key', generatePrivateKey(type))
  return { signer: createLocalSigner(privateKey), privateKey }
}

function certify(
  signer: Signer,
  subject: string,
  issuer: OpenedIssuer | null,
  options: Options,
): ReturnType<typeof issueCertificate> {
  const { pathLength, crlUrl } = options
  const content: CertificateOptions = {
    ...timesOf(options),
    extensions: {
      ...(pathLength !== undefined && { basicConstraints: { ca: true, pathLength } }),
      crlDistributionPoints: crlUrl,
    },
  }
  return issuer === null
    ? createSelfSignedCertificate(signer, { ...content, subject, profile: 'rootCa' })
    : issueCertificate(issuer, { subject, publicKey: signer.publicKey }, { ...content, profile: 'issuingCa' })
}
