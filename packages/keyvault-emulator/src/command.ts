import { readFileSync } from 'node:fs'
import { Command, CommanderError } from 'commander'
import type { Authorization } from './identity/access.ts'
import type { RoleAssignment } from './identity/roles.ts'
import type { IdentityOptions } from './options.ts'
import { EmulatorError } from './protocol/errors.ts'
import { permissions, type AccessPolicy } from './protocol/permissions.ts'
import { readSeed } from './seed.ts'
import type { StartOptions } from './start.ts'

/** What the command line asks for. */
export type ParsedCommand =
  | { readonly kind: 'help' | 'version'; readonly text: string }
  | { readonly kind: 'start'; readonly options: StartOptions }

const identityHelp =
  'an identity that can sign in, instead of the default; may be repeated. CLIENT_ID[:SECRET][=POLICY], where POLICY is ' +
  'COLLECTION:PERMISSION+PERMISSION,COLLECTION:... as in app:pw=keys:get+sign,certificates:get. Without SECRET it is a ' +
  'managed identity. Without POLICY everything is allowed.'

const roleHelp =
  'a role of an identity; may be repeated. CLIENT_ID=ROLE[@SCOPE], as in "app=Key Vault Crypto User@emulator/keys/signing". ' +
  'SCOPE is VAULT, or VAULT/keys/NAME and alike; without it the role is for every vault.'

/**
 * @param args without `node` and the script
 * @throws EmulatorError for an unknown option or an invalid value
 */
export function parseCommand(args: readonly string[]): ParsedCommand {
  let printed = ''
  const program = new Command('keyvault-emulator')
    .description('Azure Key Vault on localhost.')
    .option('--port <n>', 'HTTPS port of the vaults and the authority', number('--port'), 8443)
    .option(
      '--metadata-port <n>',
      'HTTP port of the CA certificate, the managed identity endpoints and the controls',
      number('--metadata-port'),
      8444,
    )
    .option(
      '--host <address>',
      'address to listen on; everyone who can reach it can use the keys',
      '127.0.0.1',
    )
    .option(
      '--extra-host <name>',
      'another host name that clients use, such as a container name; may be repeated',
      collect,
    )
    .option(
      '--cert <file>',
      'PEM file of a server certificate with its chain, instead of one of the emulator',
    )
    .option('--key <file>', 'PEM file of its private key')
    .option('--seed <file>', 'JSON file of identities, keys, secrets and certificates to start with')
    .option('--data <dir>', 'folder to store everything in (default: in memory)')
    .option('--identity <spec>', identityHelp, (spec: string, before?: readonly IdentityOptions[]) => [
      ...(before ?? []),
      parseIdentity(spec),
    ])
    .option('--role <spec>', roleHelp, collect)
    .option('--authorization <model>', 'permission model of the vaults: rbac or accessPolicies')
    .option('--tenant <guid>', "the tenant's id")
    .option(
      '--recoverable-days <n>',
      'days for which deleted objects can be recovered, 7 to 90',
      number('--recoverable-days'),
    )
    .option('--latency <ms>', 'minimum time of every response of a vault', number('--latency'))
    .option(
      '--delay <ms>',
      'time that issuing a certificate, deleting and recovering take',
      number('--delay'),
    )
    .option('--throttle', "enforce the service's limits")
    .option('--throttle-scale <n>', 'enforce the limits times N', number('--throttle-scale'))
    .option(
      '--retry-after <s>',
      'send Retry-After with 429s (default: none, as the service)',
      number('--retry-after'),
    )
    .version(version())
    .allowExcessArguments(false)
    .exitOverride()
    .configureOutput({ writeOut: (text) => (printed += text), writeErr: () => {} })
  try {
    program.parse(args, { from: 'user' })
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    if (error.exitCode !== 0) throw new EmulatorError(error.message.replace(/^error: /, ''))
    return { kind: error.code === 'commander.version' ? 'version' : 'help', text: printed }
  }
  return { kind: 'start', options: startOptions(program.opts()) }
}

function collect(value: string, before: readonly string[] = []): string[] {
  return [...before, value]
}

/** The values of the options, as Commander names them. */
interface OptionValues {
  readonly port: number
  readonly metadataPort: number
  readonly host: string
  readonly extraHost?: readonly string[]
  readonly cert?: string
  readonly key?: string
  readonly seed?: string
  readonly data?: string
  readonly identity?: readonly IdentityOptions[]
  readonly role?: readonly string[]
  readonly authorization?: string
  readonly tenant?: string
  readonly recoverableDays?: number
  readonly latency?: number
  readonly delay?: number
  readonly throttle?: true
  readonly throttleScale?: number
  readonly retryAfter?: number
}

function startOptions(values: OptionValues): StartOptions {
  const { port, metadataPort, host, data, identity, tenant, recoverableDays, latency, delay } = values
  const throttled = values.throttle === true || values.throttleScale !== undefined
  return {
    port,
    metadataPort,
    host,
    hosts: values.extraHost,
    tls: serverCertificate(values),
    data,
    seed: values.seed === undefined ? undefined : readSeed(values.seed),
    identities: withRoles(identity, values.role ?? []),
    authorization: parseAuthorization(values.authorization),
    tenantId: tenant,
    recoverableDays,
    latency,
    timing: delay === undefined ? undefined : { issuance: delay, deletion: delay, recovery: delay },
    throttle: throttled ? { scale: values.throttleScale, retryAfter: values.retryAfter } : false,
  }
}

function serverCertificate({ cert, key }: OptionValues): StartOptions['tls'] {
  if (cert === undefined && key === undefined) return undefined
  if (cert === undefined || key === undefined) throw new EmulatorError('--cert and --key go together')
  return { certificate: readText('--cert', cert), privateKey: readText('--key', key) }
}

function readText(option: string, file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (cause) {
    throw new EmulatorError(`${option}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause })
  }
}

/** The version of this package, whose manifest lies beside `src` and `dist` alike. */
function version(): string {
  const manifest: { version: string } = JSON.parse(
    readFileSync(new URL('../package.json', import.meta.url), 'utf8'),
  )
  return manifest.version
}

/** An identity from `CLIENT_ID[:SECRET][=POLICY]`. */
function parseIdentity(spec: string): IdentityOptions {
  const match = /^([^:=]+)(?::([^=]*))?(?:=(.*))?$/.exec(spec)
  const [, clientId, clientSecret, policy] = match ?? []
  if (clientId === undefined) {
    throw new EmulatorError('--identity takes CLIENT_ID[:SECRET][=POLICY]; see --help')
  }
  return {
    clientId,
    clientSecret: clientSecret === '' ? undefined : clientSecret,
    access: policy === undefined ? 'all' : parsePolicy(policy),
  }
}

/** The identities with the roles that are given for them. */
function withRoles(
  identities: readonly IdentityOptions[] | undefined,
  specs: readonly string[],
): readonly IdentityOptions[] | undefined {
  const roles = specs.map(parseRole)
  const stray = roles.find(({ clientId }) => identities?.some((one) => one.clientId === clientId) !== true)
  if (stray !== undefined) throw new EmulatorError(`--role: there is no --identity ${stray.clientId}`)
  return identities?.map((identity) => {
    const own = roles.filter(({ clientId }) => clientId === identity.clientId)
    const { access, ...rest } = identity
    if (own.length === 0) return identity
    return {
      ...rest,
      ...(access === 'all' ? {} : { access }),
      roles: own.map(({ assignment }) => assignment),
    }
  })
}

/** A role assignment from `CLIENT_ID=ROLE[@SCOPE]`. */
function parseRole(spec: string): { clientId: string; assignment: RoleAssignment } {
  const [, clientId, role, scope] = /^([^=]+)=([^@]+)(?:@(.+))?$/.exec(spec) ?? []
  if (clientId === undefined || role === undefined) {
    throw new EmulatorError('--role takes CLIENT_ID=ROLE[@SCOPE]; see --help')
  }
  return { clientId, assignment: { role, scope } }
}

function parseAuthorization(name: string | undefined): Authorization | undefined {
  if (name === undefined || name === 'rbac' || name === 'accessPolicies') return name
  throw new EmulatorError(`--authorization is rbac or accessPolicies, not ${name}`)
}

function parsePolicy(text: string): AccessPolicy {
  const policy: Record<string, readonly string[] | 'all'> = {}
  for (const part of text.split(',')) {
    const [collection = '', names = ''] = part.split(':')
    const known: readonly string[] | undefined = isCollection(collection)
      ? permissions[collection]
      : undefined
    if (known === undefined) {
      throw new EmulatorError(
        `--identity: unknown collection ${collection}; use ${Object.keys(permissions).join(', ')}`,
      )
    }
    const given = names.split('+')
    const unknown = given.find((name) => name !== 'all' && !known.includes(name))
    if (unknown !== undefined) {
      throw new EmulatorError(
        `--identity: ${collection} have no permission ${unknown}; they have ${known.join(', ')}`,
      )
    }
    policy[collection] = given.includes('all') ? 'all' : given
  }
  return policy
}

function isCollection(name: string): name is keyof typeof permissions {
  return Object.hasOwn(permissions, name)
}

function number(option: string): (text: string) => number {
  return (text) => {
    const value = Number(text)
    if (text.trim() === '' || !Number.isFinite(value) || value < 0) {
      throw new EmulatorError(`${option} takes a number of at least 0`)
    }
    return value
  }
}
