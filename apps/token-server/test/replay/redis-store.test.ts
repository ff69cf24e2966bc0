import { lacks } from '@sealwright/test-kit/tools'
import { isFull } from '@sealwright/test-kit/full'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { replayWindow } from '../../src/oauth/assertion-times.ts'
import { RedisReplayStore } from '../../src/replay/redis-store.ts'
import type { ReplayStore, Use } from '../../src/replay/replay-store.ts'
import { claims, ecKey, sign } from '../support/assertion.ts'
import { connectRedis, redisServer } from '../support/redis.ts'
import { assertionRequest } from '../support/requests.ts'
import { client, issuer, settingsFile, testServer, type TestServer } from '../support/server.ts'

async function kindOf(
  store: ReplayStore | undefined,
  clientId: string,
  id: string,
): Promise<Use['kind'] | undefined> {
  return (await store?.use(clientId, id, inTenMinutes()))?.kind
}

const inTenMinutes = (): number => Date.now() + 600_000

describe.skipIf(lacks('redis-server'))('the memory in Redis [needs redis-server]', () => {
  const redis = redisServer()

  /** The stores of several servers. */
  async function stores(count: number, keyPrefix?: string): Promise<readonly RedisReplayStore[]> {
    const options = keyPrefix === undefined ? {} : { keyPrefix }
    const connections = await Promise.all(
      Array.from({ length: count }, () => connectRedis(redis().url, options)),
    )
    return connections.map((connection) => new RedisReplayStore(connection, replayWindow))
  }

  test('of two servers that get one identifier at once, one accepts it: 10,000 races', async () => {
    const [first, second] = await stores(2, 'races:')
    const outcomes = new Map<string, number>()
    for (let round = 0; round < 20; round++) {
      const races = Array.from({ length: 500 }, async (_, index) => {
        const id = `${round} ${index}`
        // Each of them is asked first in half of the races.
        const pair = index % 2 === 0 ? [first, second] : [second, first]
        const uses = await Promise.all(pair.map((store) => kindOf(store, 'client', id)))
        return uses.includes('first') && uses.includes('replay') ? 'one accepts it' : uses.join()
      })
      for (const outcome of await Promise.all(races)) outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1)
    }
    expect([...outcomes]).toEqual([['one accepts it', 10_000]])
  })

  test('clients do not share identifiers, nor do services with other prefixes', async () => {
    const [store] = await stores(1)
    const [neighbour] = await stores(1)
    expect(await kindOf(store, 'a', 'b c')).toBe('first')
    expect(await kindOf(store, 'a', 'b c')).toBe('replay')
    expect(await kindOf(store, 'a b', 'c')).toBe('first')
    expect(await kindOf(store, 'c', 'b c')).toBe('first')
    expect(await kindOf(neighbour, 'a', 'b c')).toBe('first')
  })

  test.each([
    ['that expires in a second', 1_000, 660 + 300],
    ['at the end of the window', replayWindow, 660 + 300],
    ['made while this clock was 25 minutes ahead', replayWindow + 25 * 60_000, 660 + 300 + 25 * 60],
    ['made while this clock was a year ahead', 365 * 86_400_000, 3600],
  ])('an identifier %s is kept until no server accepts it', async (_, expires, seconds) => {
    const connection = await connectRedis(redis().url)
    const store = new RedisReplayStore(connection, replayWindow)
    await store.use('client', 'id', Date.now() + expires)
    const [key = ''] = await connection.client.keys(`${connection.keyPrefix}used:*`)
    const left = await connection.client.pttl(key)
    expect(left / 1000).toBeGreaterThan(seconds - 20)
    expect(left / 1000).toBeLessThanOrEqual(seconds + 5)
  })

  test('the time that an identifier is kept is counted by the clock that cannot be set', async () => {
    const connection = await connectRedis(redis().url)
    const store = new RedisReplayStore(connection, replayWindow)
    const expires = Date.now() + 30 * 60_000
    // The monotonic clock alone, as if the wall clock had been set back by 25 minutes.
    const ran = performance.now() + 25 * 60_000
    const clock = vi.spyOn(performance, 'now').mockReturnValue(ran)
    onTestFinished(() => clock.mockRestore())
    await store.use('client', 'id', expires)
    clock.mockRestore()
    const [key = ''] = await connection.client.keys(`${connection.keyPrefix}used:*`)
    expect(await connection.client.pttl(key)).toBeLessThanOrEqual((660 + 300) * 1000)
  })

  test('an identifier is not in a key, whatever it contains', async () => {
    const connection = await connectRedis(redis().url)
    const store = new RedisReplayStore(connection, replayWindow)
    await store.use('client', '\r\nFLUSHALL\r\n', inTenMinutes())
    const keys = await connection.client.keys(`${connection.keyPrefix}*`)
    expect(keys).toContainEqual(expect.stringMatching(/^test-\d+:used:[\w-]{43}$/))
    expect(keys.join('')).not.toContain('FLUSHALL')
  })

  test(
    'two servers do not accept one assertion twice',
    async () => {
      const key = ecKey()
      const file = settingsFile({ clients: [client({ secrets: [], jwks: { keys: [key.jwk] } })] })
      const [first, second] = await stores(2, 'servers:')
      const servers = await Promise.all([first, second].map((replays) => testServer({ file, replays })))
      const races = isFull ? 10_000 : 200
      let count = 0
      for (let left = races; left > 0; left -= 50) {
        const statuses = await Promise.all(
          Array.from({ length: 50 }, async () => {
            const assertion = await sign(claims(new Date(), issuer), key.privateKey)
            const answers = await Promise.all(servers.map((server) => requestToken(server, assertion)))
            return answers.map(({ status }) => status)
          }),
        )
        count += statuses.filter((pair) => pair.includes(200) && pair.includes(401)).length
      }
      expect(count).toBe(races)
    },
    isFull ? 300_000 : 30_000,
  )

  test('an assertion is not accepted while Redis is down, and the next one is as soon as it is back', async () => {
    const { use, log } = await assertionServer()
    expect(await use()).toMatchObject({ status: 200 })
    await redis().stop()
    onTestFinished(() =>
      redis()
        .stop()
        .then(() => redis().start()),
    )
    for (let attempt = 0; attempt < 3; attempt++) {
      expect(await use()).toEqual({ status: 503, error: 'temporarily_unavailable', retryAfter: '1' })
    }
    await redis().start()
    await expect.poll(use).toMatchObject({ status: 200 })
    const messages = log.map((line) => (JSON.parse(line) as { msg: string }).msg)
    expect(messages.filter((message) => message.includes('Redis'))).toEqual([
      'connected to Redis',
      'Redis cannot be used',
      'Redis can be used again',
    ])
  })

  test('an assertion is refused within a second while Redis hangs, and accepted soon after', async () => {
    const { use } = await assertionServer()
    expect(await use()).toMatchObject({ status: 200 })
    redis().pause()
    onTestFinished(() => redis().resume())
    const began = performance.now()
    expect(await use()).toMatchObject({ status: 503 })
    // The wait is half a second. The rest is for a busy machine.
    expect(performance.now() - began).toBeLessThan(5_000)
    redis().resume()
    await expect.poll(use).toMatchObject({ status: 200 })
  })

  test('an assertion is not accepted while the memory of Redis is full', async () => {
    const { use, connection } = await assertionServer()
    await connection.client.config('SET', 'maxmemory', '1')
    onTestFinished(async () => void (await connection.client.config('SET', 'maxmemory', '0')))
    expect(await use()).toMatchObject({ status: 503, retryAfter: '1' })
    await connection.client.config('SET', 'maxmemory', '0')
    expect(await use()).toMatchObject({ status: 200 })
  })

  test('an assertion is not accepted by a replica, and is again by a primary', async () => {
    const { use, connection } = await assertionServer()
    const admin = await connectRedis(redis().url)
    await admin.client.replicaof('127.0.0.1', 1)
    onTestFinished(async () => void (await admin.client.replicaof('NO', 'ONE')))
    expect(await use()).toMatchObject({ status: 503 })
    await admin.client.replicaof('NO', 'ONE')
    await expect.poll(use).toMatchObject({ status: 200 })
    expect(connection.failures).toBeGreaterThan(0)
  })

  async function assertionServer(): Promise<{
    readonly connection: Awaited<ReturnType<typeof connectRedis>>
    readonly log: string[]
    /** A new assertion. */
    readonly use: () => Promise<Answer>
  }> {
    const key = ecKey()
    const file = settingsFile({ clients: [client({ secrets: [], jwks: { keys: [key.jwk] } })] })
    const log: string[] = []
    const connection = await connectRedis(redis().url, { log })
    const server = await testServer({ file, replays: new RedisReplayStore(connection, replayWindow) })
    return {
      connection,
      log,
      use: async () => requestToken(server, await sign(claims(new Date(), issuer), key.privateKey)),
    }
  }
})

interface Answer {
  readonly status: number
  readonly error: string | undefined
  readonly retryAfter: unknown
}

async function requestToken({ app }: TestServer, assertion: string): Promise<Answer> {
  const response = await app.inject(assertionRequest(assertion, { scope: 'api1' }))
  return {
    status: response.statusCode,
    error: response.json<{ error?: string }>().error,
    retryAfter: response.headers['retry-after'],
  }
}
