import { isSealwrightError, SealwrightError } from '@sealwright/core'
import {
  normalizeDistinguishedName,
  type CertificateOptions,
  type KeyUsage,
  type Pkcs12Profile,
  type SubjectAltName,
} from '@sealwright/x509'
import { InvalidArgumentError, Option, type Command } from 'commander'
import { millisecondsPerDay } from '../../time.ts'
import type { PasswordOptions } from '../../files/passwords.ts'
import { parseDays, parseTime, type OutputOptions } from '../command-options.ts'

/** `--cn` and `--subject`. */
export interface SubjectOptions {
  readonly cn?: string
  readonly subject?: string
}

/** The contents of a certificate besides its subject. */
export interface ContentOptions {
  readonly dns?: readonly string[]
  readonly ip?: readonly string[]
  readonly uri?: readonly string[]
  readonly email?: readonly string[]
  readonly keyUsage?: readonly KeyUsage[]
  readonly eku?: readonly string[]
}

/** Validity and serial number. */
export interface TimeOptions {
  readonly validityDays?: number
  readonly notBefore?: Date
  readonly notAfter?: Date
  readonly serial?: string
}

/** The options of `cert create`. */
export interface CreateOptions
  extends SubjectOptions, ContentOptions, TimeOptions, OutputOptions, PasswordOptions {
  readonly keyType?: string
  readonly friendlyName?: string
  readonly key?: string
  readonly to?: string
  readonly profile: Pkcs12Profile
  readonly json?: boolean
}

/** How long a self-signed certificate is valid. */
export const defaultDays = 730

export function withSubjectOptions(command: Command): Command {
  return command
    .addOption(
      new Option('--cn <name>', 'common name of the subject, such as my-app-auth').conflicts('subject'),
    )
    .option('--subject <name>', 'the whole subject, such as CN=my-app-auth,O=Contoso')
}

export function withContentOptions(command: Command): Command {
  return command
    .option('--dns <name...>', 'DNS names')
    .option('--ip <address...>', 'IP addresses')
    .option('--uri <uri...>', 'URIs')
    .option('--email <address...>', 'e-mail addresses')
    .option('--key-usage <name...>', 'key usages, such as digitalSignature')
    .option('--eku <name...>', 'extended key usages, such as serverAuth, or OIDs')
}

export function withTimeOptions(command: Command, days: string): Command {
  return command
    .addOption(
      new Option('--validity-days <number>', `days that the certificate is valid (default: ${days})`)
        .argParser(parseDays)
        .conflicts('notAfter'),
    )
    .option('--not-before <date>', 'its first day or second, such as 2026-01-31 (default: now)', parseTime)
    .option('--not-after <date>', 'its last second, such as 2028-01-31T23:59:59Z', parseTime)
    .option('--serial <hex>', 'its serial number (default: random)', parseSerial)
}

function parseSerial(text: string): string {
  if (!/^(?:[0-9a-f]{2}:?)*[0-9a-f]{1,2}$/i.test(text)) {
    throw new InvalidArgumentError('It must be hexadecimal, such as 01 or 4A:B0.')
  }
  const digits = text.replaceAll(':', '')
  return digits.length % 2 === 0 ? digits : `0${digits}`
}

/**
 * The subject as an RFC 4514 string; undefined where none is given.
 *
 * @throws SealwrightError `INVALID_ARGUMENT` for a malformed one
 */
export function subjectOf({ cn, subject }: SubjectOptions): string | undefined {
  // Every character with a meaning in RFC 4514 §2.4 may be escaped anywhere.
  if (subject === undefined)
    return cn === undefined ? undefined : `CN=${cn.replaceAll(/[ "#+,;<=>\\]/g, '\\$&')}`
  try {
    normalizeDistinguishedName(subject)
    return subject
  } catch (error) {
    if (!isSealwrightError(error)) throw error
    const message = `--subject: ${error.message}; write CN=my-app-auth,O=Contoso, or use --cn my-app-auth`
    throw new SealwrightError('INVALID_ARGUMENT', message, { cause: error })
  }
}

/** @throws SealwrightError `INVALID_ARGUMENT` where neither is given */
export function requiredSubject(options: SubjectOptions): string {
  const subject = subjectOf(options)
  if (subject !== undefined) return subject
  throw new SealwrightError(
    'INVALID_ARGUMENT',
    'the certificate needs a name: --cn my-app-auth, or --subject',
  )
}

/** The alternative names, in the order dns, ip, uri, email. */
export function namesOf(options: ContentOptions): readonly SubjectAltName[] {
  return (['dns', 'ip', 'uri', 'email'] as const).flatMap((type) =>
    (options[type] ?? []).map((value): SubjectAltName => ({ type, value })),
  )
}

/**
 * @param days the validity if no option gives one; undefined for the profile's default
 */
export function certificateOptions(
  options: ContentOptions & TimeOptions,
  days?: number,
): Omit<CertificateOptions, 'profile'> {
  const names = namesOf(options)
  return {
    ...timesOf(options, days),
    ...(names.length > 0 && { subjectAltNames: names }),
    extensions: { keyUsage: options.keyUsage, extendedKeyUsage: options.eku },
  }
}

export function timesOf(
  { validityDays, notBefore, notAfter, serial }: TimeOptions,
  days?: number,
): Pick<CertificateOptions, 'notBefore' | 'notAfter' | 'serialNumber'> {
  const start = notBefore ?? new Date()
  const length = validityDays ?? (notAfter === undefined ? days : undefined)
  return {
    notBefore: start,
    // The last second is part of the validity (RFC 5280 §4.1.2.5).
    notAfter:
      length === undefined ? notAfter : new Date(start.getTime() + length * millisecondsPerDay - 1000),
    serialNumber: serial,
  }
}
