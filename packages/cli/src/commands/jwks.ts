import { once } from 'node:events'
import { isSealwrightError, keyType, SealwrightError } from '@sealwright/core'
import {
  keyRingPolicy,
  writeStaticIssuer,
  type KeyRingPolicyOptions,
  type KeyRingSource,
  type StaticIssuerReport,
} from '@sealwright/keyring'
import { Command } from 'commander'
import {
  passwordSource,
  withPassword,
  withPasswordOptions,
  type PasswordOptions,
} from '../files/passwords.ts'
import { backendsFor, type KeyAccess } from '../keys/key-access.ts'
import { noteOf } from '../keys/ring-events.ts'
import { remark, report } from '../terminal/report.ts'
import { oneLine, type Terminal } from '../terminal/terminal.ts'
import { keyTypeOption, parseSeconds, policyOf, type PolicyOptions } from './command-options.ts'

interface Options extends PasswordOptions, PolicyOptions {
  readonly issuer: string
  readonly key: readonly string[]
  readonly out: string
  readonly keyType: string
  readonly readOnly?: boolean
  readonly algorithm?: readonly string[]
  readonly removeUnknown?: boolean
  readonly every?: number
  readonly json?: boolean
}

/** `sealwright jwks`: an issuer as files for any web server or bucket. */
export function jwksCommand(terminal: Terminal, access: KeyAccess): Command {
  const command = new Command('jwks')
    .description(
      'write discovery and JWK Set of an issuer as files for any web server or bucket, and create a new version of its key ' +
        'when one is due; run it again before --max-set-age is over',
    )
    .requiredOption('--issuer <url>', 'the issuer, an https URL; the folder is served under it')
    .requiredOption('--key <uri...>', 'the signing URIs; new versions are created in the first')
    .requiredOption('--out <folder>', 'the folder that is served')
    .addOption(keyTypeOption('type of the first key, where there is none yet').default('rsa-2048'))
    .option('--read-only', 'create no key and no version')
    .option('--algorithm <name...>', 'the algorithms that sign at the same time, such as RS256 ES256')
  return withPasswordOptions(command, 'the keys')
    .option('--token-lifetime <seconds>', 'the longest token (default: 3600)', parseSeconds)
    .option('--jwks-max-age <seconds>', 'how long the JWK Set may be kept (default: 3600)', parseSeconds)
    .option('--max-set-age <seconds>', 'the longest time between two runs (default: 86400)', parseSeconds)
    .option('--rotation-interval <seconds>', 'how long a key signs (default: 7776000)', parseSeconds)
    .option('--remove-unknown', 'remove keys from the JWK Set that are not in --key')
    .option('--every <seconds>', 'keep running, and repeat at this interval and on SIGHUP', parseSeconds)
    .option('--json', 'print the result as JSON')
    .action(async (options: Options) => {
      const { every, key } = options
      checkEvery(every, policyOf(options))
      await withPassword(passwordSource(options), terminal, key.join(', '), async (password) => {
        const runOnce = await prepare(options, password, terminal, access)
        await (every === undefined ? runOnce() : repeat(runOnce, every, terminal))
      })
    })
}

async function prepare(
  options: Options,
  password: string,
  terminal: Terminal,
  access: KeyAccess,
): Promise<() => Promise<void>> {
  const policy = policyOf(options)
  const sources = options.key.map((uri, index): KeyRingSource => ({
    uri,
    password: () => password,
    ...(index === 0 &&
      options.readOnly !== true && {
        create: { keyType: keyType(options.keyType).name },
      }),
  }))
  const backends = await backendsFor(options.key, access)
  return async () => {
    const written = await writeStaticIssuer(sources, policy, {
      issuer: options.issuer,
      folder: options.out,
      backends,
      algorithms: options.algorithm,
      removeUnknown: options.removeUnknown,
      onEvent(event) {
        const note = noteOf(event)
        if (note !== null) remark(terminal, [note])
      },
    }).catch((error: unknown) => {
      throw inOptions(error)
    })
    report(terminal, options.json, jsonOf(written), linesOf(written))
    if (written.rotationProblem !== null) throw problemOf(written.rotationProblem)
  }
}

/**
 * Runs until SIGTERM or SIGINT. A failed run is reported, and the next one tries again.
 *
 * @throws SealwrightError `INVALID_ARGUMENT`, `WRONG_PASSWORD` of the first run: with these options no run succeeds
 */
async function repeat(runOnce: () => Promise<void>, every: number, terminal: Terminal): Promise<void> {
  const ended = new AbortController()
  const end = (): void => ended.abort()
  process.once('SIGTERM', end).once('SIGINT', end)
  let isFirst = true
  try {
    while (!ended.signal.aborted) {
      // A signal that comes during a run is not lost.
      const again = nextTime(every, ended.signal)
      try {
        // eslint-disable-next-line no-await-in-loop -- one run after the other
        await runOnce()
      } catch (error) {
        if (isFirst && isOfOptions(error)) throw error
        const message = error instanceof Error ? error.message : String(error)
        remark(terminal, [`sealwright: ${oneLine(message)}`])
      }
      isFirst = false
      // eslint-disable-next-line no-await-in-loop
      await again
    }
  } finally {
    ended.abort()
    process.off('SIGTERM', end).off('SIGINT', end)
  }
}

function isOfOptions(error: unknown): boolean {
  return isSealwrightError(error, 'INVALID_ARGUMENT') || isSealwrightError(error, 'WRONG_PASSWORD')
}

/** Node's longest timer, 24 days. A longer one would fire at once, and an earlier run does no harm. */
const longestWait = 2 ** 31 - 1

/** Resolves after the given seconds, on SIGHUP, or when it is ended. */
async function nextTime(seconds: number, ended: AbortSignal): Promise<void> {
  const over = new AbortController()
  const timer = setTimeout(() => over.abort(), Math.min(seconds * 1_000, longestWait))
  await once(process, 'SIGHUP', {
    signal: AbortSignal.any([ended, over.signal]),
  }).catch(() => undefined)
  clearTimeout(timer)
}

/** @throws SealwrightError `INVALID_ARGUMENT` */
function checkEvery(every: number | undefined, options: KeyRingPolicyOptions): void {
  const { maxSetAge, refreshTimeout, listingDelay } = keyRingPolicy(options)
  const most = maxSetAge - refreshTimeout - listingDelay
  if (every === undefined || every <= most) return
  throw new SealwrightError(
    'INVALID_ARGUMENT',
    `--every is ${every} s, but at most ${most} s keep the files younger than --max-set-age, which is ${maxSetAge} s`,
  )
}

function jsonOf({ rotationProblem, ...written }: StaticIssuerReport): Record<string, unknown> {
  return {
    ...written,
    rotationProblem: rotationProblem === null ? null : problemOf(rotationProblem).message,
  }
}

function linesOf({ files, keys, rotated, cacheControl, again }: StaticIssuerReport): readonly string[] {
  return [
    ...files,
    ...keys.map(({ keyId, state, location }) => `${state.padEnd(9)} ${keyId}  ${location}`),
    ...(rotated ? ['a new version was due and was created'] : []),
    `serve with Cache-Control: ${cacheControl}`,
    `run again before ${again.toISOString()}`,
  ]
}

function problemOf(problem: unknown): Error {
  return problem instanceof Error ? inOptions(problem) : new Error(String(problem))
}

/** The same error with the names of the options of this command. */
function inOptions<T>(error: T): T | SealwrightError {
  if (!isSealwrightError(error)) return error
  const message = error.message
    .replace('add their source, or set removeUnknown', 'add their place to --key, or pass --remove-unknown')
    .replace('set `create` on one', 'omit --read-only, or create it with sealwright rotate')
  return new SealwrightError(error.code, message, { cause: error })
}
