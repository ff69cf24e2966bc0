import { jwkThumbprint, SealwrightError } from '@sealwright/core'
import type { Pkcs12Profile } from '@sealwright/x509'
import { Command } from 'commander'
import { inputName } from '../../files/files.ts'
import {
  outPasswordSource,
  passwordSource,
  withOutPasswordOptions,
  withPasswordOptions,
  type OutPasswordOptions,
  type PasswordOptions,
} from '../../files/passwords.ts'
import { formatOf, hasPrivateKey, type DocumentContents } from '../../keys/documents.ts'
import { isSigningUri, type KeyAccess } from '../../keys/key-access.ts'
import { openKey } from '../../keys/open-key.ts'
import type { OpenedKey } from '../../keys/opened-key.ts'
import { readContents } from '../../keys/read-key-file.ts'
import { thumbprint } from '../../keys/thumbprint.ts'
import { prepareTargets } from '../../keys/write-document.ts'
import { withProgress } from '../../terminal/progress.ts'
import type { Terminal } from '../../terminal/terminal.ts'
import { withOutputOptions, withProfileOption, type OutputOptions } from '../command-options.ts'

interface Options extends PasswordOptions, OutPasswordOptions, OutputOptions {
  readonly certificate?: string
  readonly friendlyName?: string
  readonly acceptMissingMac?: boolean
  readonly profile: Pkcs12Profile
  readonly json?: boolean
}

/** `sealwright cert convert`: a file of keys or certificates in another format. */
export function certConvertCommand(terminal: Terminal, access: KeyAccess): Command {
  const command = new Command('convert').description(
    'write a key and its certificates in another format: PFX to PEM and back, and old files (RC2, 3DES, .pvk) as modern ones',
  )
  return withOptions(command, 'the file: PFX, PEM, DER, PKCS#7, JWK, .pvk, MSBLOB and more', terminal, access)
}

/** `sealwright cert export`: a key of a store as a file. */
export function certExportCommand(terminal: Terminal, access: KeyAccess): Command {
  const command = new Command('export').description(
    'write a key of a store and its certificates to a file; of a key in a vault, only the certificates',
  )
  return withOptions(command, 'the signing URI, such as store:my?thumbprint=…', terminal, access)
}

function withOptions(command: Command, source: string, terminal: Terminal, access: KeyAccess): Command {
  command
    .argument('<key>', source)
    .option('--certificate <file>', 'the certificates of the key, where they are in another file')
    .option('--friendly-name <name>', 'the name that Windows and Java show (default: the one it has)')
    .option('--accept-missing-mac', 'read the private keys of a PKCS#12 file that has no MAC')
  withOutputOptions(withPasswordOptions(command, 'the key'), 'the new file')
  return withProfileOption(withOutPasswordOptions(command, 'the new file'))
    .option('--json', 'print the result as JSON')
    .action(async (key: string, options: Options) => {
      await convert(key, options, terminal, access)
    })
}

async function convert(
  source: string,
  options: Options,
  terminal: Terminal,
  access: KeyAccess,
): Promise<void> {
  const { out, cer } = options
  if (out === undefined && cer === undefined) {
    throw new SealwrightError(
      'INVALID_ARGUMENT',
      'no destination; use --out FILE.pfx, --out FILE.pem or another format',
    )
  }
  const password = outPasswordSource(options)
  // An output without a private key needs no password, so the input is read first.
  const { privateKey, certificates, keyId, name } = await withProgress(
    terminal,
    'reading',
    contentsOf(source, options, terminal, access),
  )
  const isProtected = privateKey !== null || password.file !== undefined || password.env !== undefined
  const prepared = await prepareTargets(
    {
      ...options,
      source: keyId === null ? undefined : source,
      password: isProtected ? password : { ...password, none: true },
    },
    terminal,
  )
  const friendlyName = options.friendlyName ?? name ?? undefined
  await withProgress(terminal, 'writing', prepared.write({ privateKey, certificates, friendlyName }))
  const held = prepared.held(certificates)
  const result = {
    files: prepared.paths.filter((path) => path !== '-'),
    keyId,
    privateKey: prepared.privateKey && privateKey !== null,
    certificates: held.map(thumbprint),
  }
  const lines = [
    ...result.files,
    [
      ...(result.privateKey ? ['the private key'] : []),
      ...(held.length === 0 ? [] : [`${held.length} certificate${held.length === 1 ? '' : 's'}`]),
    ].join(' and '),
    ...(keyId === null ? [] : [`kid        ${keyId}`]),
  ]
  prepared.report(result, lines)
}

interface Contents extends DocumentContents {
  readonly keyId: string | null
  readonly name: string | null
}

async function contentsOf(
  source: string,
  options: Options,
  terminal: Terminal,
  access: KeyAccess,
): Promise<Contents> {
  const { certificate, acceptMissingMac } = options
  const reading = { password: passwordSource(options), certificate, acceptMissingMac }
  if (!isSigningUri(source) && certificate === undefined) {
    const file = await readContents(source, reading, terminal)
    const [key, another] = file.keys
    if (key !== undefined && another === undefined) {
      return withoutCertificate(file.certificates, {
        privateKey: key.privateKey,
        certificates: key.certificates,
        keyId: jwkThumbprint(key.privateKey),
        name: key.friendlyName,
      })
    }
    if (key === undefined && file.certificates.length > 0) {
      return { privateKey: null, certificates: file.certificates, keyId: null, name: null }
    }
    const what = key === undefined ? 'no private key and no certificate' : `${file.keys.length} private keys`
    const reason = file.skipped[0]?.reason
    throw new SealwrightError(
      'INVALID_ENCODING',
      `${inputName(source)} has ${what}; only one key, or only certificates, can be converted${reason === undefined ? '' : ` (${reason})`}`,
    )
  }
  const key = await openKey(source, reading, terminal, access)
  return {
    privateKey: await privateKeyFor(key, options),
    certificates: key.certificates,
    keyId: key.keyId,
    name: key.name,
  }
}

/** Reads the private key only if the output contains it: a key in a vault stays there. */
async function privateKeyFor(
  key: OpenedKey,
  { out, format }: Options,
): Promise<DocumentContents['privateKey']> {
  const wanted = out !== undefined && hasPrivateKey(formatOf(out, format))
  return wanted ? key.privateKey() : null
}

/** Otherwise a certificate of another key would get lost silently. */
function withoutCertificate(all: DocumentContents['certificates'], contents: Contents): Contents {
  if (contents.certificates.length > 0 || all.length === 0) return contents
  throw new SealwrightError('INVALID_ENCODING', 'no certificate in the file belongs to its private key')
}
