import type { X509Certificate } from 'node:crypto'
import { SealwrightError } from '@sealwright/core'
import type { Pkcs12Profile } from '@sealwright/x509'
import { assertKept, assertOutputs, writeOutputs, type Output } from '../files/files.ts'
import { newPassword, type PasswordSource } from '../files/passwords.ts'
import { remark, report } from '../terminal/report.ts'
import type { Terminal } from '../terminal/terminal.ts'
import {
  encodeDocument,
  formatOf,
  hasCertificate,
  hasPrivateKey,
  isBinary,
  type DocumentContents,
  type DocumentFormat,
} from './documents.ts'
import { fileOf } from './key-access.ts'

/** The files that a command writes, as its options say. */
export interface Targets {
  readonly out?: string | undefined
  readonly format?: DocumentFormat | undefined
  /** Only the certificates. */
  readonly cer?: string | undefined
  readonly force?: boolean | undefined
  readonly json?: boolean | undefined
  /** Null where no private key is written, whatever the format is. */
  readonly password: PasswordSource | null
  readonly profile?: Pkcs12Profile | undefined
  /** The key that is read: a file or a signing URI. Its file is only replaced by one that has the private key in it. */
  readonly source?: string | undefined
  /** The CA that signs. Its file is never replaced. */
  readonly ca?: string | undefined
}

/** The files are checked, and the password is known. */
export interface PreparedTargets {
  readonly paths: readonly string[]
  /** Whether a private key is written. */
  readonly privateKey: boolean
  /** Those of the certificates that are written. */
  held(certificates: readonly X509Certificate[]): readonly X509Certificate[]
  /** @throws SealwrightError `INVALID_ARGUMENT` where no file would hold a certificate, which is new */
  assertCertificate(): void
  write(contents: DocumentContents): Promise<void>
  /** Says what was written: on standard error, where a document is on standard output. */
  report(result: unknown, lines: readonly string[]): void
}

/**
 * Checks the files and asks for the password, before any work is done.
 *
 * @throws SealwrightError `INVALID_ARGUMENT` for options that do not go together; as `assertOutputs` and `newPassword`
 */
export async function prepareTargets(targets: Targets, terminal: Terminal): Promise<PreparedTargets> {
  const { out, cer, force, json, profile, password: passwordSource } = targets
  const documents = [
    ...(out === undefined ? [] : [{ path: out, format: formatOf(out, targets.format) }]),
    ...(cer === undefined ? [] : [{ path: cer, format: 'cer' as const }]),
  ]
  const paths = documents.map(({ path }) => path)
  if (terminal.screen && documents.some(({ path, format }) => path === '-' && isBinary(format))) {
    throw new SealwrightError(
      'INVALID_ARGUMENT',
      'binary output is not written to a terminal; redirect it or use a file',
    )
  }
  const secret = passwordSource === null ? undefined : documents.find(({ format }) => hasPrivateKey(format))
  await assertOutputs(paths, { force, json })
  const withoutKey = documents.filter((document) => document !== secret).map(({ path }) => path)
  await assertKept(fileOf(targets.source), withoutKey)
  await assertKept(fileOf(targets.ca), paths)
  if (secret?.format === 'jwk' && passwordSource !== null && passwordSource.none !== true) {
    const option = passwordSource.option.replace('--', '--no-')
    throw new SealwrightError(
      'INVALID_ARGUMENT',
      `a JWK cannot be encrypted; ${option} writes the private key without a password`,
    )
  }
  const what = secret?.format === 'pfx' ? 'the PFX' : 'the private key'
  const password =
    secret === undefined || passwordSource === null ? '' : await newPassword(passwordSource, terminal, what)
  return {
    paths,
    privateKey: secret !== undefined,
    assertCertificate() {
      if (documents.some(({ format }) => hasCertificate(format))) return
      throw new SealwrightError(
        'INVALID_ARGUMENT',
        `${out} would contain the key but not its new certificate; use a .pfx or .pem file for --out, or --cer for the certificate`,
      )
    },
    held(certificates) {
      const [most = []] = documents
        .map(({ format }) =>
          hasCertificate(format) ? certificates.slice(0, format === 'der' ? 1 : undefined) : [],
        )
        .toSorted((a, b) => b.length - a.length)
      return most
    },
    async write(contents) {
      const outputs: Output[] = await Promise.all(
        documents.map(async ({ path, format }) => ({
          path,
          content: await encodeDocument(
            format,
            hasPrivateKey(format) ? contents : { ...contents, privateKey: null },
            { password, profile },
          ),
        })),
      )
      await writeOutputs(outputs, terminal, force)
    },
    report(result, lines) {
      if (paths.includes('-')) remark(terminal, lines)
      else report(terminal, json, result, lines)
    },
  }
}
