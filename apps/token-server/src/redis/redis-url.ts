import type { RedisOptions } from 'ioredis'

export interface RedisSettings {
  /** A URL that has no {@link redisUrlProblem}. */
  readonly url: string
  /** The prefix of all keys of this service. */
  readonly keyPrefix: string
}

/** The problem with the URL of a Redis server; null for a valid one. The text quotes no part of it: it may have a password. */
export function redisUrlProblem(text: string): string | null {
  const url = URL.canParse(text) ? new URL(text) : null
  if (url === null || !/^rediss?:$/.test(url.protocol) || url.hostname === '') {
    return 'must be a URL such as rediss://:PASSWORD@redis.example.com:6380'
  }
  if (!/^\/?\d{0,5}$/.test(url.pathname))
    return 'may have the number of a database as its path, such as /1, and no other'
  if (url.search !== '' || url.hash !== '') return 'must have no query and no fragment'
  if ([url.username, url.password].some((part) => decode(part) === null)) {
    return 'has a broken percent escape in its user name or password'
  }
  return null
}

/**
 * Where Redis is. The URL is not left to the client library, which would read more options from its query.
 *
 * @param text that has no {@link redisUrlProblem}
 */
export function redisLocation(text: string): RedisOptions {
  const { protocol, hostname, port, pathname, username, password } = new URL(text)
  const host = hostname.replace(/^\[(.*)\]$/, '$1')
  return {
    host,
    port: port === '' ? 6379 : Number(port),
    db: Number(pathname.slice(1)),
    ...(username !== '' && { username: decode(username) ?? '' }),
    ...(password !== '' && { password: decode(password) ?? '' }),
    ...(protocol === 'rediss:' && { tls: {} }),
  }
}

function decode(part: string): string | null {
  try {
    return decodeURIComponent(part)
  } catch {
    return null
  }
}
