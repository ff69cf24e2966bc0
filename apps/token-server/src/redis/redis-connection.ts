import type { ConnectionOptions } from 'node:tls'
import { Redis } from 'ioredis'
import type { FastifyBaseLogger } from 'fastify'
import { addressOf, clientOptions, evictionPolicy, evictionWarning, timeout } from './redis-client.ts'
import type { RedisSettings } from './redis-url.ts'

export interface RedisConnectionOptions extends RedisSettings {
  readonly logger: Pick<FastifyBaseLogger, 'info' | 'warn'>
  /** Default: the CAs of Node, to which `NODE_EXTRA_CA_CERTS` adds. */
  readonly tls?: ConnectionOptions
}

/** Milliseconds between two attempts to connect. */
const retryDelay = 500

/**
 * One connection to Redis, for all that the servers of this service share. Nothing waits long for it: without a
 * connection a command fails at once, otherwise after half a second. It reconnects in the background. The log says once
 * that Redis cannot be used, and once that it can be used again.
 */
export class RedisConnection {
  readonly client: Redis
  readonly keyPrefix: string
  readonly #logger: RedisConnectionOptions['logger']
  readonly #address: string
  /** The failure that was logged; null while Redis can be used, undefined before it was first tried. */
  #failure: string | null | undefined
  #failures = 0
  #evicts = false

  constructor({ url, keyPrefix, logger, tls }: RedisConnectionOptions) {
    const common = clientOptions(url, tls)
    this.keyPrefix = keyPrefix
    this.#logger = logger
    this.#address = addressOf(common)
    this.client = new Redis({
      ...common,
      // Otherwise every request would wait for a server that hangs.
      socketTimeout: timeout,
      enableOfflineQueue: false,
      autoResendUnfulfilledCommands: false,
      retryStrategy: () => retryDelay,
      // After a failover the old primary keeps its connections and refuses to write.
      reconnectOnError: (error) => error.message.startsWith('READONLY'),
    })
    this.client.on('error', (error) => this.#failed(error))
    this.client.on('ready', () => void this.#checkServer())
  }

  /** Whether the last command was successful. */
  get isAvailable(): boolean {
    return this.#failure === null
  }

  /** How many commands have failed. */
  get failures(): number {
    return this.#failures
  }

  /** Connects. If that fails, the log says so, and attempts go on in the background. */
  async connect(): Promise<void> {
    await this.client.connect().catch(() => undefined)
  }

  /** Runs a command. Rejects within half a second. */
  async run<T>(command: (client: Redis) => Promise<T>): Promise<T> {
    try {
      const result = await command(this.client)
      this.#succeeded()
      return result
    } catch (error) {
      this.#failures++
      this.#failed(error)
      throw error
    }
  }

  close(): void {
    this.client.disconnect()
  }

  #succeeded(): void {
    if (this.#failure === null) return
    this.#logger.info(
      { redis: this.#address },
      this.#failure === undefined ? 'connected to Redis' : 'Redis can be used again',
    )
    this.#failure = null
  }

  #failed(error: unknown): void {
    // Without a connection, the error says only that. The reason was logged before.
    if (typeof this.#failure === 'string') return
    this.#failure = error instanceof Error ? error.message : 'unknown'
    this.#logger.warn({ redis: this.#address, err: error }, 'Redis cannot be used')
  }

  /** Writes, because a replica connects as well. Then looks for a setting that can drop used assertions. */
  async #checkServer(): Promise<void> {
    try {
      await this.run((client) => client.set(`${this.keyPrefix}check`, '1', 'PX', timeout))
      // Not by `run`: a user without the permission to ask can use Redis.
      const policy = await evictionPolicy(this.client)
      if (policy !== null && !this.#evicts)
        this.#logger.warn({ redis: this.#address, policy }, evictionWarning)
      this.#evicts = policy !== null
    } catch {
      // A failed write was logged.
    }
  }
}
