import { isSealwrightError, SealwrightError } from '@sealwright/core'
import { readKeyFile } from '@sealwright/x509'
import { Command } from 'commander'
import { describeFile, type FileDescription } from './file-description.ts'
import { readPassword, readWholeFile } from './files.ts'
import { printable, printableJson, type Terminal } from './terminal.ts'

interface Options {
  readonly passwordFile?: string
  readonly json?: boolean
}

/** `sealwright inspect`: says what a file of keys or certificates is. It shows no private key. */
export function inspectCommand(terminal: Terminal): Command {
  return new Command('inspect')
    .description('say what a file of keys or certificates is: PFX, PEM, DER, JWK, PKCS#7, .pvk')
    .argument('<file>', 'the file')
    .option('--password-file <file>', 'file with the password; - for standard input')
    .option('--json', 'say it in JSON')
    .action(async (path: string, options: Options) => {
      await inspect(path, options, terminal)
    })
}

async function inspect(path: string, options: Options, terminal: Terminal): Promise<void> {
  try {
    const description = await describe(path, options.passwordFile, terminal)
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
  passwordFile: string | undefined,
  terminal: Terminal,
): Promise<FileDescription> {
  const password = await readPassword(passwordFile, terminal)
  const bytes = await readWholeFile(path)
  try {
    return describeFile(await readKeyFile(bytes, password))
  } catch (error) {
    if (!isSealwrightError(error)) throw error
    const hint =
      error.code === 'WRONG_PASSWORD' && passwordFile === undefined
        ? '; none was given: --password-file FILE names one'
        : ''
    throw new SealwrightError(error.code, `${path}: ${error.message}${hint}`, { cause: error })
  }
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
      `  valid:      ${certificate.notBefore} to ${certificate.notAfter}`,
      `  key:        ${certificate.key.type}, key id ${certificate.key.keyId ?? 'none'}`,
      `  signed:     ${certificate.signatureAlgorithm}`,
    )
  }
  for (const request of file.requests)
    lines.push(`certificate request: ${request.subject}, ${request.key.type}`)
  for (const list of file.revocationLists) {
    lines.push(`CRL of ${list.issuer}, number ${list.number ?? 'none'}: ${list.revoked} revoked`)
  }
  for (const weakness of file.weak) lines.push(`weak: ${weakness}`)
  return `${lines.map(printable).join('\n')}\n`
}
