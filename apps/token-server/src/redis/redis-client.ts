import type { ConnectionOptions } from 'node:tls'
import type { Redis, RedisOptions } from 'ioredis'
import { redisLocation } from './redis-url.ts'

/** Milliseconds until a command counts as failed, and a connection without an answer as lost. */
export const timeout = 500

/**
 * How every client reaches Redis: it connects when it is told to, and no command is sent twice.
 *
 * @param tls in addition to the CAs of Node, to which `NODE_EXTRA_CA_CERTS` adds
 */
export function clientOptions(url: string, tls: ConnectionOptions | undefined): RedisOptions {
  const location = redisLocation(url)
  return {
    ...location,
    ...(location.tls !== undefined && { tls: { ...location.tls, ...tls } }),
    lazyConnect: true,
    connectTimeout: 2 * timeout,
    commandTimeout: timeout,
    maxRetriesPerRequest: 0,
  }
}

/** The address of a client, for messages. */
export function addressOf({ host, port }: RedisOptions): string {
  return `${host}:${port}`
}

export const evictionWarning =
  'Redis drops keys when its memory is full, so a used assertion could be accepted again; set maxmemory-policy to noeviction'

/** The policy by which Redis drops keys when its memory is full; null if it keeps them. Rejects if this user may not ask. */
export async function evictionPolicy(client: Redis): Promise<string | null> {
  const memory = await client.info('memory')
  const [, policy = 'noeviction'] = /^maxmemory_policy:(.*?)\r?$/m.exec(memory) ?? []
  return policy !== 'noeviction' && !/^maxmemory:0\r?$/m.test(memory) ? policy : null
}
