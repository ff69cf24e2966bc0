import { SealwrightError } from '@sealwright/core'
import type { Pkcs12Profile } from '@sealwright/x509'
import { assertOutputs, writeOutputs, type Output } from '../files/files.ts'
import { newPassword, type PasswordSource } from '../files/passwords.ts'
import type { Terminal } from '../terminal/terminal.ts'
import {
  encodeDocument,
  formatOf,
  hasPrivateKey,
  isBinary,
  type DocumentContents,
  type DocumentFormat,
} from './documents.ts'

/** The files that a command writes, as its options say. */
export interface Targets {
  readonly out?: string | undefined
  readonly format?: DocumentFormat | undefined
  /** Only the certificates. */
  readonly cer?: string | undefined
  readonly force?: boolean | undefined
  readonly json?: boolean | undefined
  readonly password: PasswordSource
  readonly profile?: Pkcs12Profile | undefined
}

/** The files are checked, and the password is known. */
export interface PreparedTargets {
  readonly paths: readonly string[]
  /** Whether a private key is written. */
  readonly privateKey: boolean
  write(contents: DocumentContents): Promise<void>
}

/**
 * Checks the files and asks for the password, before any work is done.
 *
 * @throws SealwrightError `INVALID_ARGUMENT` for options that do not go together; as `assertOutputs` and `newPassword`
 */
export async function prepareTargets(targets: Targets, terminal: Terminal): Promise<PreparedTargets> {
  const { out, cer, force, profile } = targets
  const documents = [
    ...(out === undefined ? [] : [{ path: out, format: formatOf(out, targets.format) }]),
    ...(cer === undefined ? [] : [{ path: cer, format: 'cer' as const }]),
  ]
  const paths = documents.map(({ path }) => path)
  if (paths.includes('-') && targets.json === true) {
    throw new SealwrightError('INVALID_ARGUMENT', '--json and - both write to standard output; omit one')
  }
  if (terminal.screen && documents.some(({ path, format }) => path === '-' && isBinary(format))) {
    throw new SealwrightError(
      'INVALID_ARGUMENT',
      'binary output is not written to a terminal; redirect it or use a file',
    )
  }
  await assertOutputs(paths, force)
  const secret = documents.find(({ format }) => hasPrivateKey(format))
  if (secret?.format === 'jwk' && targets.password.none !== true) {
    throw new SealwrightError(
      'INVALID_ARGUMENT',
      `a JWK cannot be encrypted; ${targets.password.option.replace('--', '--no-')} writes the private key without a password`,
    )
  }
  const what = secret?.format === 'pfx' ? 'the PFX' : 'the private key'
  const password = secret === undefined ? '' : await newPassword(targets.password, terminal, what)
  return {
    paths,
    privateKey: secret !== undefined,
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
  }
}
