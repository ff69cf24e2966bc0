import type { ConnectionOptions } from 'node:tls'
import { SealwrightError } from '@sealwright/core'
import { Redis } from 'ioredis'
import { addressOf, clientOptions, evictionPolicy, evictionWarning } from './redis-client.ts'
import type { RedisSettings } from './redis-url.ts'

/**
 * Checks within two seconds that Redis can be used, and writes nothing to it.
 *
 * @param tls as for a `RedisConnection`
 * @returns warnings
 * @throws SealwrightError `UNAVAILABLE` if it does not answer, refuses the credentials or is a replica
 */
export async function checkRedis(
  { url }: Pick<RedisSettings, 'url'>,
  tls?: ConnectionOptions,
): Promise<readonly string[]> {
  const options = clientOptions(url, tls)
  const client = new Redis({ ...options, retryStrategy: () => null })
  let reason: Error | undefined
  client.on('error', (error) => (reason ??= error))
  try {
    await client.connect()
    // A user without the permission to ask can use Redis.
    const replication = await client.info('replication').catch(() => '')
    if (/^role:slave\r?$/m.test(replication))
      throw new Error('it is a replica, which nothing can be written to')
    const policy = await evictionPolicy(client).catch(() => null)
    return policy === null ? [] : [evictionWarning]
  } catch (error) {
    // The client says why it has no connection in an event.
    const cause = reason ?? error
    throw new SealwrightError(
      'UNAVAILABLE',
      `cannot use Redis at ${addressOf(options)}, see REDIS_URL: ${cause instanceof Error ? cause.message : String(cause)}`,
      { cause },
    )
  } finally {
    client.disconnect()
  }
}
