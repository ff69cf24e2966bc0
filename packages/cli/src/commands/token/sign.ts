import { SealwrightError } from '@sealwright/core'
import { isRecord } from '@sealwright/core/internal'
import type { JwtClaims } from '@sealwright/jws'
import { Command, InvalidArgumentError } from 'commander'
import { inputName, readInput } from '../../files/files.ts'
import { passwordSource, withPasswordOptions, type PasswordOptions } from '../../files/passwords.ts'
import type { KeyAccess } from '../../keys/key-access.ts'
import { openKey } from '../../keys/open-key.ts'
import { report } from '../../terminal/report.ts'
import type { Terminal } from '../../terminal/terminal.ts'
import { parseSeconds } from '../command-options.ts'

interface Options extends PasswordOptions {
  readonly issuer: string
  readonly audience?: readonly string[]
  readonly subject?: string
  readonly claim?: readonly (readonly [string, string])[]
  readonly claims?: string
  readonly lifetime: number
  readonly algorithm?: string
  readonly typ: string
  readonly json?: boolean
}

/** `sealwright token sign`: one token, for trying things out. */
export function tokenSignCommand(terminal: Terminal, access: KeyAccess): Command {
  const command = new Command('sign')
    .description('sign a JWT with a key and print it')
    .argument('<key>', 'a file or a signing URI')
    .requiredOption('--issuer <url>', 'the claim iss')
    .option('--audience <name...>', 'the claim aud')
    .option('--subject <name>', 'the claim sub')
    .option('--claim <name=value>', 'a further claim, a string; may be repeated', collectClaim)
    .option('--claims <file>', 'a JSON object with further claims; - for standard input')
    .option('--lifetime <seconds>', 'seconds until it expires', parseSeconds, 3600)
    .option('--algorithm <name>', 'the JOSE algorithm (default: that of the key)')
    .option('--typ <type>', 'the typ of the header', 'at+jwt')
  return withPasswordOptions(command, 'the key')
    .option('--json', 'print the result as JSON')
    .action(async (source: string, options: Options) => {
      const claims = await claimsOf(options, terminal)
      const key = await openKey(source, { password: passwordSource(options) }, terminal, access)
      const { issuer, audience, lifetime, algorithm, typ } = options
      const [first, ...others] = audience ?? []
      // No other command needs it.
      const { createJwtIssuer } = await import('@sealwright/jws')
      const jwtIssuer = createJwtIssuer(key.signer(algorithm), {
        issuer,
        ...(first !== undefined && { audience: others.length === 0 ? first : [first, ...others] }),
        lifetime,
        typ,
      })
      const token = await jwtIssuer.issue(claims)
      const result = { token, keyId: key.keyId, algorithm: jwtIssuer.algorithm.name }
      report(terminal, options.json, result, [token])
    })
}

async function claimsOf({ claim = [], claims, subject }: Options, terminal: Terminal): Promise<JwtClaims> {
  const given: Readonly<Record<string, unknown>> =
    claims === undefined ? {} : parseClaims(await readInput(claims, terminal), claims)
  const own = { ...(subject !== undefined && { sub: subject }), ...Object.fromEntries(claim) }
  // The issuer checks the types of the claims, and refuses iss.
  return { ...given, ...own }
}

function parseClaims(bytes: Uint8Array, path: string): Readonly<Record<string, unknown>> {
  const from = inputName(path)
  let value: unknown
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch (cause) {
    throw new SealwrightError('INVALID_ENCODING', `the claims in ${from} are not JSON`, { cause })
  }
  if (isRecord(value)) return value
  throw new SealwrightError('INVALID_ENCODING', `the claims in ${from} are not a JSON object`)
}

function collectClaim(
  text: string,
  claims: readonly (readonly [string, string])[] = [],
): readonly (readonly [string, string])[] {
  const [, name, value] = /^([^=]+)=(.*)$/s.exec(text) ?? []
  if (name === undefined || value === undefined)
    throw new InvalidArgumentError('It is NAME=VALUE, such as scope=read.')
  return [...claims, [name, value]]
}
