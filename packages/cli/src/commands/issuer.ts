import type { X509Certificate } from 'node:crypto'
import { SealwrightError } from '@sealwright/core'
import { isSelfIssued, type Issuer } from '@sealwright/x509'
import type { Command } from 'commander'
import { withCaPasswordOptions, type PasswordSource } from '../files/passwords.ts'
import type { KeyAccess } from '../keys/key-access.ts'
import { openKey } from '../keys/open-key.ts'
import { readCertificates } from '../keys/read-key-file.ts'
import type { Terminal } from '../terminal/terminal.ts'

/** The CA that signs. */
export interface IssuerOptions {
  readonly ca?: string
  readonly caCertificate?: string
  readonly caPasswordFile?: string
  readonly caPasswordEnv?: string
}

/** A CA and the chain of its certificate. */
export interface OpenedIssuer extends Issuer {
  /** Its certificate first, then the CAs above it without the root: verifiers have it. */
  readonly chain: readonly X509Certificate[]
}

/** Adds `--ca`, `--ca-certificate` and the options of its password. */
export function withIssuerOptions(command: Command): Command {
  return withCaPasswordOptions(
    command
      .option('--ca <key>', 'the CA that signs: a file or a signing URI')
      .option(
        '--ca-certificate <file>',
        'the certificate of the CA, where its key is bare or in another file',
      ),
  )
}

/**
 * Opens the CA.
 *
 * @returns null when no CA is given
 * @throws SealwrightError `INVALID_ARGUMENT` for a CA without a certificate
 */
export async function openIssuer(
  options: IssuerOptions,
  terminal: Terminal,
  access: KeyAccess,
): Promise<OpenedIssuer | null> {
  const { ca, caCertificate } = options
  if (ca === undefined) return null
  const password: PasswordSource = {
    file: options.caPasswordFile,
    env: options.caPasswordEnv,
    option: '--ca-password',
  }
  const key = await openKey(ca, { password }, terminal, access)
  const given =
    caCertificate === undefined
      ? key.certificates
      : await readCertificates(caCertificate, { password }, terminal)
  const [certificate] = given
  if (certificate === undefined) {
    throw new SealwrightError(
      'INVALID_ARGUMENT',
      'the key of the CA has no certificate; pass it with --ca-certificate FILE',
    )
  }
  if (!certificate.ca) {
    throw new SealwrightError(
      'INVALID_ARGUMENT',
      `${key.location} is not a CA according to its certificate; create one with sealwright ca create`,
    )
  }
  const chain = given.filter((each, at) => at === 0 || !isSelfIssued(each))
  return { signer: key.signer(), certificate, chain }
}

/**
 * As {@link openIssuer}, for a command that needs a CA.
 *
 * @throws SealwrightError `INVALID_ARGUMENT` also when no CA is given
 */
export async function requiredIssuer(
  options: IssuerOptions,
  terminal: Terminal,
  access: KeyAccess,
): Promise<OpenedIssuer> {
  const issuer = await openIssuer(options, terminal, access)
  if (issuer !== null) return issuer
  throw new SealwrightError('INVALID_ARGUMENT', 'no CA to sign with; use --ca FILE or --ca URI')
}
