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

/** The counts of the limits are scripts that write. */
const writeCheck = "return redis.call('set', KEYS[1], '1', 'PX', ARGV[1])"

/** The kinds of commands that a user of Redis may be allowed separately. */
export type CommandKind = 'command' | 'script'

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
  /** The kinds whose last command Redis has refused: the success of another kind says nothing about them. */
  readonly #refused = new Set<CommandKind>()
  /** What was logged last; null before Redis was first tried. */
  #isAvailable: boolean | null = null
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
    this.client.on('error', (error) => this.#failed(error, 'command'))
    this.client.on('ready', () => void this.#checkServer())
  }

  /** Whether the last command was successful, and none of another kind is refused. */
  get isAvailable(): boolean {
    return this.#isAvailable === true
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
  async run<T>(command: (client: Redis) => Promise<T>, kind: CommandKind = 'command'): Promise<T> {
    try {
      const result = await command(this.client)
      this.#succeeded(kind)
      return result
    } catch (error) {
      this.#failures++
      this.#failed(error, kind)
      throw error
    }
  }

  close(): void {
    this.client.disconnect()
  }

  #succeeded(kind: CommandKind): void {
    this.#refused.delete(kind)
    if (this.#isAvailable === true || this.#refused.size > 0) return
    this.#logger.info(
      { redis: this.#address },
      this.#isAvailable === null ? 'connected to Redis' : 'Redis can be used again',
    )
    this.#isAvailable = true
  }

  #failed(error: unknown, kind: CommandKind): void {
    if (isRefusal(error)) this.#refused.add(kind)
    // Without a connection, the error says only that. The reason was logged before.
    if (this.#isAvailable === false) return
    this.#isAvailable = false
    this.#logger.warn({ redis: this.#address, err: error }, 'Redis cannot be used')
  }

  /**
   * Writes, because a replica connects as well, by a script and without one. Then looks for a setting that can drop used assertions.
   */
  async #checkServer(): Promise<void> {
    const key = `${this.keyPrefix}check`
    // Not awaited: its answer comes first.
    this.run((client) => client.eval(writeCheck, 1, key, timeout), 'script').catch(() => undefined)
    try {
      await this.run((client) => client.set(key, '1', 'PX', timeout))
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

/** Whether the user may not run the command, or Redis lacks it. Other errors pass, such as a full memory. */
function isRefusal(error: unknown): boolean {
  return (
    error instanceof Error &&
    error.name === 'ReplyError' &&
    /^(?:NOPERM|ERR unknown command)\b/.test(error.message)
  )
}
