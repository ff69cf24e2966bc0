import type { FastifyBaseLogger } from 'fastify'
import type { ShareCounts } from '../limits/counter.ts'
import { replayWindow } from '../oauth/assertion-times.ts'
import type { RedisSettings } from '../redis/redis-url.ts'
import type { ReplayStore } from '../replay/replay-store.ts'
import type { RedisState } from '../service.ts'

/** What servers share in Redis. */
export interface SharedState extends RedisState {
  readonly replays: ReplayStore
  readonly share: ShareCounts
  close(): void
}

/** Connects to Redis, or logs that this is not possible yet. The client is loaded only if the settings name a Redis. */
export async function openRedis(settings: RedisSettings, logger: FastifyBaseLogger): Promise<SharedState> {
  const [{ RedisConnection }, { RedisReplayStore }, { RedisCounter }] = await Promise.all([
    import('../redis/redis-connection.ts'),
    import('../replay/redis-store.ts'),
    import('../limits/redis-counter.ts'),
  ])
  const connection = new RedisConnection({ ...settings, logger })
  await connection.connect()
  return {
    replays: new RedisReplayStore(connection, replayWindow),
    share: (name, counts) => new RedisCounter(connection, name, counts),
    get isAvailable() {
      return connection.isAvailable
    },
    get failures() {
      return connection.failures
    },
    close: () => connection.close(),
  }
}
