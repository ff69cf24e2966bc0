import { describeKey } from '../pages/key-description.ts'
import { printable } from '../printable.ts'
import { redisLocation, type RedisSettings } from '../redis/redis-url.ts'
import type { Client, Settings } from '../settings/settings.ts'
import type { CheckedKey } from './check-keys.ts'

/** A summary of the effective settings. It contains no secrets, and no hashes or keys of clients. */
export function describeConfig(
  settings: Settings,
  keys: readonly CheckedKey[],
  warnings: readonly string[],
): string {
  const { port, issuer, variables, accessTokens, workers, metrics, audit, redis, trustedProxies } = settings
  const rows: [string, string][] = [
    ['Settings', settings.file],
    ...(variables.length === 0 ? [] : [['Variables', variables.join(', ')] as [string, string]]),
    ['Issuer', issuer ?? `http://localhost:${port === 0 ? 'PORT' : port}`],
    ['Listens on', place(settings)],
    ['Workers', String(workers)],
    ['Proxies', trustedProxies === null ? 'not set' : listed(trustedProxies)],
    ['Limits', listed(limits(settings))],
    ['Redis', redis === null ? 'none' : describeRedis(redis)],
    ['Audit log', audit.folder === null ? 'off' : `${audit.folder}${audit.durable ? ', durable' : ''}`],
    ['Metrics', metrics.port === null ? 'off' : place({ ...metrics, port: metrics.port })],
    ['Page', settings.hasPage ? 'on' : 'off'],
    ...keys.map((key, index): [string, string] => [
      index === 0 ? 'Signing key' : 'Further key',
      describe(key),
    ]),
    ['Key ring', ringPolicy(settings)],
    ['Access tokens', `typ ${accessTokens.typ}, nbf ${accessTokens.nbfLeeway} s before iat`],
    ...settings.resources.map(({ audience, scopes }): [string, string] => [
      'Resource',
      `${typeof audience === 'string' ? audience : audience.join(' and ')}: ${scopes.join(' ')}`,
    ]),
    ...[...settings.clients.values()].map((client): [string, string] => ['Client', describeClient(client)]),
    ...warnings.map((warning): [string, string] => ['Warning', warning]),
  ]
  return rows.map(([name, text]) => `${name.padEnd(15)}${printable(text)}\n`).join('')
}

function place({ host, port }: { readonly host: string; readonly port: number }): string {
  return `${host}, ${port === 0 ? 'any free port' : `port ${port}`}`
}

function listed(texts: readonly string[]): string {
  return texts.length === 0 ? 'none' : texts.join(', ')
}

function limits({ limits: counts, trustedProxies }: Settings): readonly string[] {
  const { addressRequestsPerMinute, clientTokensPerMinute, wrongSecrets } = counts
  const knowsAddresses = trustedProxies !== null
  return [
    ...(knowsAddresses && wrongSecrets !== null ? [`${wrongSecrets} wrong secrets`] : []),
    ...(knowsAddresses && addressRequestsPerMinute !== null
      ? [`${addressRequestsPerMinute} requests a minute from an address`]
      : []),
    ...(clientTokensPerMinute === null ? [] : [`${clientTokensPerMinute} tokens a minute for a client`]),
  ]
}

/** Without its user and password. */
function describeRedis({ url, keyPrefix }: RedisSettings): string {
  const { host, port, db, tls } = redisLocation(url)
  return `${host} port ${port}${tls === undefined ? '' : ' with TLS'}, database ${db}, keys ${keyPrefix}…`
}

function describe({ setting, versions, willCreate }: CheckedKey): string {
  // The path or URL of a key. A password is never in it.
  if (willCreate !== null)
    return `${setting.uri}: there is none yet; the server will create one (${willCreate})`
  return versions
    .map((key) => {
      const { location, type, expiry } = describeKey(key, new Date())
      const state = key.enabled ? `expires ${expiry}` : 'disabled'
      return `${location}: ${key.algorithms[0]?.name ?? ''} (${type}), ${state}`
    })
    .join('; ')
}

function ringPolicy({ keyRing }: Settings): string {
  const { announcement, retention, rotationInterval, maxSetAge, jwksMaxAge } = keyRing
  const rotation =
    rotationInterval === null
      ? 'when the certificate is about to expire'
      : `every ${duration(rotationInterval)}`
  return (
    `a new key is created ${rotation}; it is published ${duration(announcement)} before it signs, and until ` +
    `${duration(retention)} after the next key signs; clients keep the JWK Set for ${duration(jwksMaxAge)}; it is served for ` +
    `${duration(maxSetAge)} while the keys cannot be read`
  )
}

/** `1 d 6 min`, exactly. */
function duration(seconds: number): string {
  const units = [
    ['d', 86_400],
    ['h', 3600],
    ['min', 60],
    ['s', 1],
  ] as const
  let rest = seconds
  const parts = units.flatMap(([unit, length]) => {
    const whole = Math.floor(rest / length)
    rest %= length
    return whole === 0 ? [] : [`${whole} ${unit}`]
  })
  return parts.length === 0 ? '0 s' : parts.join(' ')
}

function describeClient({ clientId, secretHashes, jwks, grantTypes, ...client }: Client): string {
  const credentials = [count(secretHashes.length, 'secret'), count(jwks?.keys.length ?? 0, 'key')]
  const tokens = grantTypes.length === 0 ? 'suspended' : `tokens of ${duration(client.accessTokenLifetime)}`
  return `${clientId}: ${credentials.filter((text) => text !== '').join(' and ')}, ${tokens}, ${client.scopes.join(' ')}`
}

function count(number: number, noun: string): string {
  return number === 0 ? '' : `${number} ${noun}${number === 1 ? '' : 's'}`
}
