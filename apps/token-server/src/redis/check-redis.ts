import type { ConnectionOptions } from 'node:tls'
import { SealwrightError } from '@sealwright/core'
import { Redis } from 'ioredis'
import { addressOf, clientOptions, evictionPolicy, evictionWarning } from './redis-client.ts'
import type { RedisSettings } from './redis-url.ts'

/** Milliseconds. */
const deadline = 2_000

/**
 * Checks within two seconds that Redis can be used, and writes nothing to it.
 *
 * @param tls as for a `RedisConnection`
 * @returns warnings
 * @throws SealwrightError `UNAVAILABLE` if it does not answer, refuses the credentials or scripts, or is a replica
 */
export async function checkRedis(
  { url }: Pick<RedisSettings, 'url'>,
  tls?: ConnectionOptions,
): Promise<readonly string[]> {
  const options = clientOptions(url, tls)
  const client = new Redis({ ...options, retryStrategy: () => null })
  let reason: Error | undefined
  client.on('error', (error) => (reason ??= error))
  // While Redis loads its data, the client would wait for it.
  const timer = setTimeout(() => {
    reason ??= new Error('it does not answer, or is still loading its data')
    client.disconnect()
  }, deadline)
  try {
    await client.connect()
    // Redis works without permission for this command.
    const replication = await client.info('replication').catch(() => '')
    if (/^role:slave\r?$/m.test(replication)) throw new Error('it is a replica; set REDIS_URL to the primary')
    // The counts of the limits are scripts.
    await client.eval('return 1', 0)
    const policy = await evictionPolicy(client).catch(() => null)
    return policy === null ? [] : [evictionWarning]
  } catch (error) {
    // The client reports in an event why it has no connection.
    const cause = reason ?? error
    throw new SealwrightError(
      'UNAVAILABLE',
      `cannot use Redis at ${addressOf(options)}, see REDIS_URL: ${cause instanceof Error ? cause.message : String(cause)}`,
      { cause },
    )
  } finally {
    clearTimeout(timer)
    client.disconnect()
  }
}
