import { keyTypes } from '@sealwright/core'
import type { KeyRingPolicyOptions } from '@sealwright/keyring'
import { InvalidArgumentError, Option, type Command } from 'commander'
import { documentFormats, type DocumentFormat } from '../keys/documents.ts'

/** `--out`, `--format`, `--cer`, `--force`: what a command writes. */
export interface OutputOptions {
  readonly out?: string
  readonly format?: DocumentFormat
  readonly cer?: string
  readonly force?: boolean
}

/** Adds {@link OutputOptions}. */
export function withOutputOptions(command: Command, what: string): Command {
  return command
    .option(
      '--out <file>',
      `${what}; its ending is the format: .pfx, .pem, .key, .cer, .der, .p7b or .jwk; - for PEM on standard output`,
    )
    .addOption(
      new Option('--format <format>', 'the format, if the extension is not one of these').choices(
        documentFormats,
      ),
    )
    .option('--cer <file>', 'also write only the certificates, in PEM')
    .option('--force', 'replace files that exist')
}

/** Adds `--profile`, how a PFX is protected. */
export function withProfileOption(command: Command): Command {
  return command.addOption(
    new Option('--profile <name>', 'encryption and MAC of a PFX; compatible is weak, for old readers')
      .choices(['modern', 'pbmac1', 'compatible'])
      .default('modern'),
  )
}

/** Adds `--key-type`. */
export function keyTypeOption(what: string): Option {
  return new Option('--key-type <type>', what).choices(keyTypes.map(({ name }) => name))
}

/** The times of the servers' key ring, in seconds. */
export type PolicyOptions = Pick<
  KeyRingPolicyOptions,
  'tokenLifetime' | 'jwksMaxAge' | 'maxSetAge' | 'rotationInterval'
>

export function policyOf(options: PolicyOptions): PolicyOptions {
  const { tokenLifetime, jwksMaxAge, maxSetAge, rotationInterval } = options
  return { tokenLifetime, jwksMaxAge, maxSetAge, rotationInterval }
}

export function parseDays(text: string): number {
  const days = Number(text)
  if (!/^\d{1,6}$/.test(text) || days === 0)
    throw new InvalidArgumentError('It must be a whole number of days from 1 to 999999.')
  return days
}

export function parseSeconds(text: string): number {
  const seconds = Number(text)
  if (!/^\d{1,10}$/.test(text) || seconds === 0)
    throw new InvalidArgumentError('It must be a whole number of seconds, from 1 up.')
  return seconds
}

export function parseSecondsOrZero(text: string): number {
  if (!/^\d{1,10}$/.test(text)) throw new InvalidArgumentError('It must be a whole number of seconds.')
  return Number(text)
}

/** The address of a server. */
export function parseUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : null
  if (url === null || !/^https?:$/.test(url.protocol))
    throw new InvalidArgumentError('It must be a URL that begins with https://.')
  if (hasUserInfo(text)) throw new InvalidArgumentError('It must not have a user name or password.')
  return text
}

/** An issuer, which has neither query nor fragment (RFC 8414 §2). */
export function parseIssuer(text: string): string {
  parseUrl(text)
  if (/[?#]/.test(text)) throw new InvalidArgumentError('It must not have a query or fragment.')
  return text
}

/** Files and signing URIs of keys. Reports name them. */
export function parseSources(text: string, before: readonly string[] = []): readonly string[] {
  if (hasUserInfo(text)) throw new InvalidArgumentError('It must not have a user name or password.')
  return [...before, text]
}

function hasUserInfo(text: string): boolean {
  if (!URL.canParse(text)) return false
  const { username, password } = new URL(text)
  return username !== '' || password !== ''
}

export function parseUrls(text: string, before: readonly string[] = []): readonly string[] {
  return [...before, parseUrl(text)]
}

/** A day, which begins in UTC, or a time with its zone. */
export function parseTime(text: string): Date {
  const isTime = /^\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d)?(?:Z|[+-]\d\d:\d\d))?$/.test(text)
  const time = new Date(text)
  // 2026-02-30 is not a day, but Date turns it into another one.
  if (!isTime || Number.isNaN(time.getTime()) || !isDay(text.slice(0, 10))) {
    throw new InvalidArgumentError(
      'It must be a day such as 2026-01-31, or a time such as 2026-01-31T12:00:00Z.',
    )
  }
  return time
}

function isDay(text: string): boolean {
  const day = new Date(`${text}T00:00:00Z`)
  return !Number.isNaN(day.getTime()) && day.toISOString().startsWith(text)
}
