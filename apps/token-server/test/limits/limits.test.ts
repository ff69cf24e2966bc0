import { lacks } from '@sealwright/test-kit/tools'
import { describe, expect, onTestFinished, test } from 'vitest'
import { Counter, type ShareCounts } from '../../src/limits/counter.ts'
import { createLimits, noLimits, type Limits } from '../../src/limits/limits.ts'
import { lockWindow } from '../../src/limits/lockout.ts'
import { RedisCounter } from '../../src/limits/redis-counter.ts'
import type { LimitSettings } from '../../src/settings/schema/server/limits.ts'
import { connectRedis, redisServer } from '../support/redis.ts'
import { tokenRequest } from '../support/requests.ts'
import { client, settingsFile, testServer, type TestServer } from '../support/server.ts'

const limitsOf = (changes: Partial<LimitSettings>, share?: ShareCounts): Limits => {
  const none = { addressRequestsPerMinute: null, clientTokensPerMinute: null, wrongSecrets: null }
  return createLimits({ limits: { ...none, ...changes }, trustedProxies: [] }, share)
}

const limited = (
  changes: Partial<LimitSettings>,
  more: Parameters<typeof testServer>[0] = {},
): Promise<TestServer> =>
  testServer({
    file: settingsFile({ clients: [client(), client({ clientId: 'other' })] }),
    limits: limitsOf(changes),
    ...more,
  })

test('servers share each count under a name of its own, so that they count the same in Redis', () => {
  const shared = new Map<string, object>()
  limitsOf({ addressRequestsPerMinute: 3, clientTokensPerMinute: 4, wrongSecrets: 5 }, (name, counts) => {
    shared.set(name, counts)
    return { add: () => Promise.resolve(0) }
  })
  expect(Object.fromEntries(shared)).toEqual({
    requests: { limit: 3, window: 60_000 },
    tokens: { limit: 4, window: 60_000 },
    attack: { limit: 50, window: lockWindow },
    lock: { limit: 5, window: lockWindow },
  })
})

test('without the proxies nothing is limited by address: all clients may have that of a proxy', () => {
  const limits = { addressRequestsPerMinute: 3, clientTokensPerMinute: 4, wrongSecrets: 5 }
  expect(createLimits({ limits, trustedProxies: null })).toEqual({
    requests: null,
    tokens: expect.any(Counter) as Counter,
    lockout: null,
  })
  const none = { addressRequestsPerMinute: null, clientTokensPerMinute: null, wrongSecrets: null }
  expect(createLimits({ limits: none, trustedProxies: [] })).toEqual(noLimits)
})

interface Opened {
  readonly connection: Awaited<ReturnType<typeof connectRedis>>
  readonly counter: RedisCounter
}

interface Sent {
  readonly id?: string
  readonly secret?: string
  readonly address?: string
  readonly headers?: Readonly<Record<string, string>>
}

interface Answer {
  readonly status: number
  readonly error?: string
  readonly description?: string
  readonly retryAfter?: number
}

const saying = (reason: string): string =>
  expect.stringMatching(new RegExp(`^${reason}; retry after \\d+ seconds$`)) as string

async function requestToken(
  { app }: TestServer,
  { id = 'client', secret = 'the secret', address = '203.0.113.1', headers = {} }: Sent = {},
): Promise<Answer> {
  const response = await app.inject({
    ...tokenRequest({ clientId: id, secret, headers }),
    remoteAddress: address,
  })
  const { error, error_description: description } = response.json<Record<string, string>>()
  const retryAfter = response.headers['retry-after']
  return {
    status: response.statusCode,
    ...(error !== undefined && { error }),
    ...(description !== undefined && { description }),
    ...(retryAfter !== undefined && { retryAfter: Number(retryAfter) }),
  }
}

const statuses = async (server: TestServer, sent: Sent, times: number): Promise<readonly number[]> => {
  const all: number[] = []
  for (let request = 0; request < times; request++) all.push((await requestToken(server, sent)).status)
  return all
}

const inAMinute = expect.toSatisfy((seconds: number) => seconds >= 1 && seconds <= 60) as number

describe('requests of an address', () => {
  test('one too many is answered with 429, an OAuth error and Retry-After', async () => {
    const server = await limited({ addressRequestsPerMinute: 3 })
    expect(await statuses(server, {}, 3)).toEqual([200, 200, 200])
    expect(await requestToken(server)).toEqual({
      status: 429,
      error: 'temporarily_unavailable',
      description: saying('there are too many requests from this address'),
      retryAfter: inAMinute,
    })
    expect(await requestToken(server, { address: '203.0.113.2' })).toMatchObject({ status: 200 })
  })

  test('refused requests and those of every client count', async () => {
    const server = await limited({ addressRequestsPerMinute: 3 })
    expect(await statuses(server, { secret: 'wrong' }, 2)).toEqual([401, 401])
    expect(await statuses(server, { id: 'other' }, 2)).toEqual([200, 429])
  })

  test('an IPv6 network is one address, and an IPv4 address in its IPv6 form is the same one', async () => {
    const server = await limited({ addressRequestsPerMinute: 1 })
    expect(await statuses(server, { address: '2001:db8::1' }, 1)).toEqual([200])
    expect(await statuses(server, { address: '2001:db8::ffff:1' }, 1)).toEqual([429])
    expect(await statuses(server, { address: '2001:db8:0:1::1' }, 1)).toEqual([200])
    expect(await statuses(server, { address: '203.0.113.1' }, 1)).toEqual([200])
    expect(await statuses(server, { address: '::ffff:203.0.113.1' }, 1)).toEqual([429])
  })

  test('the address is the one that a trusted proxy says, whatever the client says', async () => {
    const server = await limited({ addressRequestsPerMinute: 1 }, { env: { TRUSTED_PROXIES: '10.0.0.1' } })
    const status = async (forwardedFor: string, address = '10.0.0.1'): Promise<readonly number[]> =>
      statuses(server, { address, headers: { 'x-forwarded-for': forwardedFor } }, 1)
    expect(await status('203.0.113.1:1000')).toEqual([200])
    expect(await status('203.0.113.1:2000')).toEqual([429])
    expect(await status('198.51.100.1, 203.0.113.1')).toEqual([429])
    expect(await status('203.0.113.2')).toEqual([200])
    // A client that is no proxy counts as itself.
    expect(await status('203.0.113.3', '192.0.2.1')).toEqual([200])
    expect(await status('203.0.113.4', '192.0.2.1')).toEqual([429])
  })

  test('the JWK Set and the metadata are not limited', async () => {
    const server = await limited({ addressRequestsPerMinute: 1 })
    for (let request = 0; request < 3; request++) {
      expect((await server.app.inject('/.well-known/openid-configuration/jwks')).statusCode).toBe(200)
    }
  })
})

describe('tokens of a client', () => {
  test('one too many is answered with 429', async () => {
    const server = await limited({ clientTokensPerMinute: 2 })
    expect(await statuses(server, { address: '203.0.113.1' }, 1)).toEqual([200])
    expect(await statuses(server, { address: '203.0.113.2' }, 2)).toEqual([200, 429])
    expect(await requestToken(server)).toEqual({
      status: 429,
      error: 'temporarily_unavailable',
      description: saying('the client requests too many tokens'),
      retryAfter: inAMinute,
    })
    expect(await statuses(server, { id: 'other' }, 1)).toEqual([200])
  })

  test('requests that do not authenticate as the client do not count', async () => {
    const server = await limited({ clientTokensPerMinute: 1 })
    await statuses(server, { secret: 'wrong' }, 5)
    expect(await statuses(server, {}, 2)).toEqual([200, 429])
  })
})

describe('wrong secrets', () => {
  test('lock the client for that address, and the log has the reason and the client', async () => {
    const log: string[] = []
    const server = await limited({ wrongSecrets: 2 }, { log })
    expect(await statuses(server, { secret: 'wrong 1' }, 1)).toEqual([401])
    expect(await statuses(server, { secret: 'wrong 2' }, 1)).toEqual([401])
    const locked = await requestToken(server)
    expect(locked).toEqual({
      status: 429,
      error: 'temporarily_unavailable',
      description: saying('this address has sent too many wrong secrets for the client'),
      retryAfter: expect.closeTo(900, -1) as number,
    })
    expect(await statuses(server, { address: '203.0.113.2' }, 1)).toEqual([200])
    expect(log.map((line) => JSON.parse(line) as unknown)).toContainEqual(
      expect.objectContaining({
        msg: 'token request refused',
        clientId: 'client',
        reason: 'this address has sent too many wrong secrets for the client',
      }),
    )
  })

  test('of a burst that arrives at once, no more than the limit are compared', async () => {
    const server = await limited({ wrongSecrets: 5 })
    const secrets = [...Array.from({ length: 20 }, (_, index) => `guess ${index}`), 'the secret']
    const answers = await Promise.all(secrets.map((secret) => requestToken(server, { secret })))
    const count = (wanted: number): number => answers.filter(({ status }) => status === wanted).length
    expect([count(401), count(429)]).toEqual([5, 16])
  })

  test('an unknown client is locked as a known one is', async () => {
    const server = await limited({ wrongSecrets: 2 })
    for (const id of ['client', 'nobody']) {
      const answers: unknown[] = []
      for (const secret of ['wrong 1', 'wrong 2', 'wrong 3'])
        answers.push(await requestToken(server, { id, secret }))
      const wrong = {
        status: 401,
        error: 'invalid_client',
        description: 'the client is unknown or its secret is wrong',
      }
      expect(answers).toEqual([
        wrong,
        wrong,
        {
          status: 429,
          error: 'temporarily_unavailable',
          description: saying('this address has sent too many wrong secrets for the client'),
          retryAfter: expect.closeTo(900, -1) as number,
        },
      ])
    }
  })
})

describe.skipIf(lacks('redis-server'))('several servers with one Redis [needs redis-server]', () => {
  const redis = redisServer()
  let services = 0

  async function servers(changes: Partial<LimitSettings>): Promise<readonly [TestServer, TestServer]> {
    const keyPrefix = `limits-${services++}:`
    const server = async (): Promise<TestServer> => {
      const connection = await connectRedis(redis().url, { keyPrefix })
      return limited(
        {},
        { limits: limitsOf(changes, (name, counts) => new RedisCounter(connection, name, counts)) },
      )
    }
    return [await server(), await server()]
  }

  test.each([
    ['requests of an address', { addressRequestsPerMinute: 4 }],
    ['tokens of a client', { clientTokensPerMinute: 4 }],
  ])('%s count together', async (_, settings) => {
    const [first, second] = await servers(settings)
    expect(await statuses(first, {}, 4)).toEqual([200, 200, 200, 200])
    // The second server learns of it by its own first request.
    expect(await statuses(second, {}, 1)).toEqual([200])
    await expect.poll(() => requestToken(second)).toMatchObject({ status: 429, retryAfter: inAMinute })
  })

  test('wrong secrets count together', async () => {
    const [first, second] = await servers({ wrongSecrets: 4 })
    expect(await statuses(first, { secret: 'a' }, 1)).toEqual([401])
    for (const secret of ['b', 'c', 'd']) await requestToken(first, { secret })
    await requestToken(second, { secret: 'e' })
    await requestToken(second, { secret: 'f' })
    expect(await statuses(second, {}, 1)).toEqual([200])
    await requestToken(second, { secret: 'g' })
    await expect.poll(() => requestToken(second)).toMatchObject({ status: 429 })
  })

  async function open(keyPrefix: string, name: string): Promise<Opened> {
    const connection = await connectRedis(redis().url, { keyPrefix })
    return { connection, counter: new RedisCounter(connection, name, { limit: 1, window: 60_000 }) }
  }

  test('counts of other names and of other services are apart, and a closed connection blocks no key', async () => {
    const [first, ...others] = await Promise.all([open('a:', 'x'), open('a:', 'y'), open('b:', 'x')])
    for (const { counter } of [first, ...others]) expect(await counter.add('key')).toBe(0)
    const { connection, counter } = await open('a:', 'x')
    expect(await counter.add('key')).toBeGreaterThan(50_000)
    connection.close()
    expect(await counter.add('key')).toBe(0)
  })

  test('while Redis is down every server counts for itself, and no request fails or waits', async () => {
    const [first, second] = await servers({ addressRequestsPerMinute: 4, wrongSecrets: 3 })
    await redis().stop()
    onTestFinished(() =>
      redis()
        .stop()
        .then(() => redis().start()),
    )
    expect(await statuses(first, {}, 5)).toEqual([200, 200, 200, 200, 429])
    expect(await statuses(second, {}, 5)).toEqual([200, 200, 200, 200, 429])
  })

  test('no request waits for a Redis that hangs', async () => {
    const [first] = await servers({ addressRequestsPerMinute: 100 })
    redis().pause()
    onTestFinished(() => redis().resume())
    // Each would wait half a second.
    const began = performance.now()
    expect(await statuses(first, {}, 40)).toEqual(Array(40).fill(200))
    expect(performance.now() - began).toBeLessThan(15_000)
  })
})
