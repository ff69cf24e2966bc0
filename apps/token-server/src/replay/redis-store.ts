import { hash } from 'node:crypto'
import type { RedisConnection } from '../redis/redis-connection.ts'
import type { ReplayStore, Use } from './replay-store.ts'

/** Milliseconds that the clocks of two servers may differ. */
const clockDifference = 5 * 60 * 1000

/** Milliseconds that an identifier is kept at most, whatever the clock of this machine says. */
const longest = 60 * 60 * 1000

/**
 * The memory that several servers share. Redis sets a key once, so only one server with the same identifier gets
 * `first`. It fails closed: while Redis cannot be used, the promise rejects within half a second.
 */
export class RedisReplayStore implements ReplayStore {
  readonly #redis: RedisConnection
  readonly #lifetime: number

  /** @param lifetime the longest time that an identifier is valid, in milliseconds */
  constructor(redis: RedisConnection, lifetime: number) {
    this.#redis = redis
    this.#lifetime = lifetime
  }

  async use(clientId: string, id: string, expires: number): Promise<Use> {
    // Redis counts the time itself. Where the clock of this machine was set ahead, the identifier is valid again after it is set
    // back, so its time is counted by a clock that cannot be set.
    const now = performance.timeOrigin + performance.now()
    const keep = Math.min(Math.max(expires - now, this.#lifetime) + clockDifference, longest)
    const key = `${this.#redis.keyPrefix}used:${hash('sha256', JSON.stringify([clientId, id]), 'base64url')}`
    const answer = await this.#redis.run((redis) => redis.set(key, '1', 'PX', Math.ceil(keep), 'NX'))
    return { kind: answer === 'OK' ? 'first' : 'replay' }
  }
}
