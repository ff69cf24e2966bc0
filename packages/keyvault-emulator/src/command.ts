import { parseArgs } from 'node:util'
import { permissions, type AccessPolicy } from './protocol/permissions.ts'
import type { IdentityOptions } from './emulator.ts'
import { EmulatorError } from './protocol/errors.ts'
import type { StartOptions } from './start.ts'

export const usage = `Usage: keyvault-emulator [options]

Azure Key Vault on localhost.

  --port N             port of the vaults and the authority, HTTPS (default 8443)
  --metadata-port N    port of the CA certificate, the managed identity endpoints and faults, HTTP (default 8444)
  --host ADDRESS       address to listen on (default 127.0.0.1; whoever can reach it can use the keys)
  --data DIR           keep everything in DIR (default: in memory)
  --identity SPEC      who can sign in, instead of the default; may be repeated. CLIENT_ID[:SECRET][=POLICY], where POLICY
                       is COLLECTION:PERMISSION+PERMISSION,COLLECTION:... as in app:pw=keys:get+sign,certificates:get;
                       without SECRET a managed identity, without POLICY allowed everything
  --tenant GUID        the tenant's id
  --recoverable-days N how long deleted objects can be recovered, 7 to 90 (default 90)
  --latency MS         least time for every answer of a vault (default 0)
  --delay MS           time for issuing a certificate, deleting and recovering (default 200)
  --throttle           enforce the service's limits
  --throttle-scale N   enforce the limits times N
  --retry-after S      send Retry-After with 429s (default: none, as the service)
  --help, --version
`

/** What the command line says. */
export type Command =
  | { readonly kind: 'help' }
  | { readonly kind: 'version' }
  | { readonly kind: 'start'; readonly options: StartOptions }

/** @throws EmulatorError, or node:util's error for an unknown option: both for people */
export function parseCommand(args: readonly string[]): Command {
  const { values } = parseArgs({
    args: [...args],
    options: {
      port: { type: 'string', default: '8443' },
      'metadata-port': { type: 'string', default: '8444' },
      host: { type: 'string' },
      data: { type: 'string' },
      identity: { type: 'string', multiple: true },
      tenant: { type: 'string' },
      'recoverable-days': { type: 'string' },
      latency: { type: 'string' },
      delay: { type: 'string' },
      throttle: { type: 'boolean', default: false },
      'throttle-scale': { type: 'string' },
      'retry-after': { type: 'string' },
      help: { type: 'boolean', default: false },
      version: { type: 'boolean', default: false },
    },
  })
  if (values.help) return { kind: 'help' }
  if (values.version) return { kind: 'version' }
  const delay = optionalNumber('delay', values.delay)
  const scale = optionalNumber('throttle-scale', values['throttle-scale'])
  return {
    kind: 'start',
    options: {
      port: number('port', values.port),
      metadataPort: number('metadata-port', values['metadata-port']),
      host: values.host,
      data: values.data,
      identities: values.identity?.map(parseIdentity),
      tenantId: values.tenant,
      recoverableDays: optionalNumber('recoverable-days', values['recoverable-days']),
      latency: optionalNumber('latency', values.latency),
      timing: delay === undefined ? undefined : { issuance: delay, deletion: delay, recovery: delay },
      throttle:
        values.throttle || scale !== undefined
          ? { scale, retryAfter: optionalNumber('retry-after', values['retry-after']) }
          : false,
    },
  }
}

/** An identity from `CLIENT_ID[:SECRET][=POLICY]`. */
function parseIdentity(spec: string): IdentityOptions {
  const match = /^([^:=]+)(?::([^=]*))?(?:=(.*))?$/.exec(spec)
  const [, clientId, clientSecret, policy] = match ?? []
  if (clientId === undefined) {
    throw new EmulatorError('--identity is CLIENT_ID[:SECRET][=POLICY]; see --help')
  }
  return {
    clientId,
    clientSecret: clientSecret === '' ? undefined : clientSecret,
    access: policy === undefined ? 'all' : parsePolicy(policy),
  }
}

function parsePolicy(text: string): AccessPolicy {
  const policy: Record<string, readonly string[] | 'all'> = {}
  for (const part of text.split(',')) {
    const [collection = '', names = ''] = part.split(':')
    const known: readonly string[] | undefined = isCollection(collection)
      ? permissions[collection]
      : undefined
    if (known === undefined) {
      throw new EmulatorError(`--identity: ${collection} is none of ${Object.keys(permissions).join(', ')}`)
    }
    const given = names.split('+')
    const unknown = given.find((name) => name !== 'all' && !known.includes(name))
    if (unknown !== undefined) {
      throw new EmulatorError(`--identity: ${unknown} is no permission on ${collection}: ${known.join(', ')}`)
    }
    policy[collection] = given.includes('all') ? 'all' : given
  }
  return policy
}

function isCollection(name: string): name is keyof typeof permissions {
  return Object.hasOwn(permissions, name)
}

function optionalNumber(name: string, text: string | undefined): number | undefined {
  return text === undefined ? undefined : number(name, text)
}

function number(name: string, text: string): number {
  const value = Number(text)
  if (text.trim() === '' || !Number.isFinite(value) || value < 0) {
    throw new EmulatorError(`--${name} takes a number from 0 up, not ${text}`)
  }
  return value
}
