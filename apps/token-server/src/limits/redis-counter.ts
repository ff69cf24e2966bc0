import { RateLimiterRedis, RateLimiterRes } from 'rate-limiter-flexible'
import type { RedisConnection } from '../redis/redis-connection.ts'
import type { SharedCounter } from './counter.ts'

/** Counts in Redis. It fails open: while Redis cannot be used, no key is over its limit. */
export class RedisCounter implements SharedCounter {
  readonly #redis: RedisConnection
  readonly #limiter: RateLimiterRedis

  /**
   * @param name a part of the keys in Redis
   * @param window milliseconds
   */
  constructor(redis: RedisConnection, name: string, { limit, window }: { limit: number; window: number }) {
    this.#redis = redis
    this.#limiter = new RateLimiterRedis({
      storeClient: redis.client,
      keyPrefix: `${redis.keyPrefix}${name}`,
      points: limit,
      duration: window / 1000,
    })
  }

  async add(key: string): Promise<number> {
    try {
      return await this.#redis.run(() => this.#consume(key), 'script')
    } catch {
      // The connection has logged and counted it.
      return 0
    }
  }

  async #consume(key: string): Promise<number> {
    try {
      await this.#limiter.consume(key)
      return 0
    } catch (error) {
      // The limiter throws its result for a key that is over the limit.
      if (error instanceof RateLimiterRes) return error.msBeforeNext
      throw error
    }
  }
}
