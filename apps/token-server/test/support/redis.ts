import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, onTestFinished } from 'vitest'
import { createLogger } from '../../src/logging/logger.ts'
import { RedisConnection } from '../../src/redis/redis-connection.ts'
import { freePort } from './ports.ts'

/** A redis-server of the tests of a file. */
export class RedisServer {
  readonly port: number
  readonly #folder: string
  readonly #args: readonly string[]
  #process: ChildProcess | null = null

  constructor(port: number, folder: string, args: readonly string[]) {
    this.port = port
    this.#folder = folder
    this.#args = args
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`
  }

  /** Waits until it takes commands. It keeps nothing of an earlier run. */
  async start(): Promise<void> {
    const common = ['--bind', '127.0.0.1', '--save', '', '--dir', this.#folder]
    const server = spawn('redis-server', [...common, ...this.#args], { stdio: ['ignore', 'pipe', 'inherit'] })
    this.#process = server
    let output = ''
    server.stdout.setEncoding('utf8').on('data', (text: string) => (output += text))
    while (!output.includes('Ready to accept connections')) {
      if (server.exitCode !== null) throw new Error(output)
      await Promise.race([once(server.stdout, 'data'), once(server, 'exit')])
    }
  }

  /** Ends it, as a crash would. */
  async stop(): Promise<void> {
    const server = this.#process
    this.#process = null
    if (server === null || server.exitCode !== null) return
    const exited = once(server, 'exit')
    server.kill('SIGKILL')
    await exited
  }

  /** Has it hang: it takes connections and does not answer. */
  pause(): void {
    this.#process?.kill('SIGSTOP')
  }

  resume(): void {
    this.#process?.kill('SIGCONT')
  }
}

/**
 * One server for the tests of a file, with nothing in it.
 *
 * @param argsFor the arguments of `redis-server`; by default it listens on the port, without TLS
 * @returns the server, once the tests run
 */
export function redisServer(
  argsFor: (port: string) => readonly string[] = (port) => ['--port', port],
): () => RedisServer {
  let server: RedisServer | null = null
  const folder = mkdtempSync(join(tmpdir(), 'sealwright-redis-'))
  beforeAll(async () => {
    const port = await freePort()
    server = new RedisServer(port, folder, argsFor(String(port)))
    await server.start()
  })
  afterAll(async () => {
    await server?.stop()
    rmSync(folder, { recursive: true, force: true })
  })
  return () => {
    if (server === null) throw new Error('the tests do not run yet')
    return server
  }
}

let prefixes = 0

/** A connection that ends with the test. */
export async function connectRedis(
  url: string,
  {
    log,
    keyPrefix = `test-${prefixes++}:`,
    tls,
  }: { readonly log?: string[]; readonly keyPrefix?: string; readonly tls?: { readonly ca: string } } = {},
): Promise<RedisConnection> {
  const logger = createLogger('info', { write: (line) => void log?.push(line) })
  const redis = new RedisConnection({ url, keyPrefix, logger, ...(tls !== undefined && { tls }) })
  onTestFinished(() => redis.close())
  await redis.connect()
  return redis
}
