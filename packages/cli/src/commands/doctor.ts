import { SealwrightError } from '@sealwright/core'
import type { KeyRingPolicyOptions } from '@sealwright/keyring'
import { Command, Option } from 'commander'
import {
  givenPassword,
  passwordSource,
  withPasswordOptions,
  type PasswordOptions,
} from '../files/passwords.ts'
import type { KeyAccess } from '../keys/key-access.ts'
import { withProgress } from '../terminal/progress.ts'
import { Refused } from '../terminal/refused.ts'
import { report } from '../terminal/report.ts'
import type { Terminal } from '../terminal/terminal.ts'
import {
  parseDays,
  parseIssuer,
  parseSeconds,
  parseSecondsOrZero,
  parseSources,
  parseUrl,
  parseUrls,
} from './command-options.ts'
import { readToken } from './token/read-token.ts'

/** The times of the servers' rotation policy that the user can give. */
type TimeOptions = Pick<
  KeyRingPolicyOptions,
  | 'tokenLifetime'
  | 'jwksMaxAge'
  | 'clockSkew'
  | 'validatorLeeway'
  | 'maxSetAge'
  | 'announcement'
  | 'retention'
  | 'rotationInterval'
  | 'refreshInterval'
  | 'refreshTimeout'
>

interface Options extends PasswordOptions, TimeOptions {
  readonly issuer: string
  readonly key?: readonly string[]
  readonly instance?: readonly string[]
  readonly clientId?: string
  readonly clientSecretFile?: string
  readonly clientSecretEnv?: string
  readonly scope?: readonly string[]
  readonly token?: string
  readonly api?: string
  readonly expiryDays: number
  readonly json?: boolean
}

/** `sealwright doctor`: what is wrong with an issuer, and whether its next rotation rejects tokens. */
export function doctorCommand(terminal: Terminal, access: KeyAccess): Command {
  const command = new Command('doctor')
    .description(
      'examine an issuer: discovery, keys, caching, instances, certificates, tokens, permissions; and predict whether ' +
        'the next rotation rejects tokens; each finding comes with its fix',
    )
    .requiredOption('--issuer <url>', 'the issuer', parseIssuer)
    .option('--key <key...>', 'where its servers have their keys: a signing URI or a file', parseSources)
    .option(
      '--instance <url...>',
      'the servers behind a load balancer, which must publish the same keys',
      parseUrls,
    )
    .option('--client-id <id>', 'get a token as this client (client credentials)')
    .addOption(
      new Option(
        '--client-secret-file <file>',
        'file with the secret of the client; - for standard input',
      ).conflicts('clientSecretEnv'),
    )
    .option('--client-secret-env <name>', 'environment variable with the secret of the client')
    .option('--scope <name...>', 'the scopes of the token')
    .addOption(
      new Option('--token <file>', 'examine the token in this file instead; - for standard input').conflicts([
        'clientId',
        'clientSecretFile',
        'clientSecretEnv',
        'scope',
      ]),
    )
    .option(
      '--api <url>',
      'an API to GET with the token; it also gets modified tokens, which it must refuse',
      parseUrl,
    )
    .option('--expiry-days <n>', 'warn this many days before a certificate ends', parseDays, 30)
  return withTimeOptions(withPasswordOptions(command, 'the keys'))
    .option('--json', 'print the result as JSON')
    .action(async (options: Options) => {
      const subject = {
        issuer: options.issuer,
        instances: options.instance ?? [],
        keys: options.key ?? [],
        password: passwordSource(options),
        token: await tokenOf(options, terminal),
        api: options.api ?? null,
        policy: timesOf(options),
        warningDays: options.expiryDays,
      }
      // With jose, which few commands need.
      const { examine } = await import('../doctor/examine.ts')
      const { linesOf } = await import('../doctor/report/lines.ts')
      const examining = examine(subject, terminal, access)
      const { steps, findings, prediction } = await withProgress(
        terminal,
        `examining ${options.issuer}`,
        examining,
      )
      const errors = findings.filter(({ severity }) => severity === 'error').length
      const shown = steps.map(({ name, status, summary }) => ({ name, status, summary }))
      const result = { ok: errors === 0, issuer: options.issuer, steps: shown, prediction, findings }
      report(terminal, options.json, result, linesOf(steps, findings))
      if (errors > 0) {
        const count = `${errors} error${errors === 1 ? '' : 's'}`
        throw new Refused('UNHEALTHY', `${count} at ${options.issuer}; the report says what to do`)
      }
    })
}

function withTimeOptions(command: Command): Command {
  return command
    .option(
      '--token-lifetime <seconds>',
      'the longest token lifetime that the servers are configured for (default: 3600)',
      parseSeconds,
    )
    .option(
      '--jwks-max-age <seconds>',
      'how long verifiers may keep the JWK Set (default: the max-age that the servers send)',
      parseSecondsOrZero,
    )
    .option(
      '--max-set-age <seconds>',
      'how old the keys that a server publishes may be (default: 86400)',
      parseSeconds,
    )
    .option(
      '--announcement <seconds>',
      'how long the servers publish a key before it signs (default: the least that is safe)',
      parseSeconds,
    )
    .option(
      '--retention <seconds>',
      'how long the servers publish a key after its last signature (default: the least that is safe)',
      parseSeconds,
    )
    .option('--clock-skew <seconds>', 'the most by which clocks differ (default: 60)', parseSeconds)
    .option(
      '--validator-leeway <seconds>',
      'how long after exp verifiers accept a token (default: 300)',
      parseSecondsOrZero,
    )
    .option('--rotation-interval <seconds>', 'how long a key signs (default: 7776000)', parseSeconds)
    .option('--refresh-interval <seconds>', 'how often a server reads its keys (default: 300)', parseSeconds)
    .option('--refresh-timeout <seconds>', 'the longest time of one read (default: 60)', parseSeconds)
}

function timesOf(options: TimeOptions): TimeOptions {
  const { tokenLifetime, jwksMaxAge, clockSkew, validatorLeeway } = options
  const { maxSetAge, announcement, retention, rotationInterval, refreshInterval, refreshTimeout } = options
  return {
    tokenLifetime,
    jwksMaxAge,
    clockSkew,
    validatorLeeway,
    maxSetAge,
    announcement,
    retention,
    rotationInterval,
    refreshInterval,
    refreshTimeout,
  }
}

type TokenSource =
  { readonly client: { id: string; secret: string; scopes: readonly string[] } } | { readonly given: string }

/** @throws SealwrightError `INVALID_ARGUMENT` for a client without a secret */
async function tokenOf(options: Options, terminal: Terminal): Promise<TokenSource | null> {
  const { token, clientId, clientSecretFile: file, clientSecretEnv: env, scope = [], api } = options
  if (token !== undefined) return { given: await readToken(token, terminal, 'doctor --token') }
  if (clientId === undefined) {
    const [what] = [
      ...(file === undefined && env === undefined ? [] : ['a client secret']),
      ...(scope.length === 0 ? [] : ['--scope']),
    ]
    if (what !== undefined)
      throw new SealwrightError('INVALID_ARGUMENT', `${what} needs its client: pass --client-id ID`)
    if (api === undefined) return null
    throw new SealwrightError(
      'INVALID_ARGUMENT',
      '--api needs a token to send: pass --client-id ID, or --token FILE with a token',
    )
  }
  const given = await givenPassword({ file, env, option: '--client-secret' }, terminal)
  const secret = given ?? (await terminal.questions?.password(`Secret of the client ${clientId}`)) ?? null
  if (secret === null) {
    throw new SealwrightError(
      'INVALID_ARGUMENT',
      'the client needs its secret: pass --client-secret-file FILE or --client-secret-env NAME',
    )
  }
  return { client: { id: clientId, secret, scopes: scope } }
}
