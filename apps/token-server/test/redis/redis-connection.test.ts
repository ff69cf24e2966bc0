import { readFileSync } from 'node:fs'
import { scratchFolderForFile } from '@sealwright/test-kit/folders'
import { Openssl } from '@sealwright/test-kit/openssl'
import { lacks } from '@sealwright/test-kit/tools'
import { describe, expect, onTestFinished, test } from 'vitest'
import { RedisCounter } from '../../src/limits/redis-counter.ts'
import { checkRedis } from '../../src/redis/check-redis.ts'
import { freePort } from '../support/ports.ts'
import { connectRedis, redisServer } from '../support/redis.ts'

const messages = (log: readonly string[]): readonly string[] =>
  log.map((line) => (JSON.parse(line) as { msg: string }).msg)

test('a Redis that is not there is logged once, and every command fails at once', async () => {
  const log: string[] = []
  const redis = await connectRedis(`redis://127.0.0.1:${await freePort()}`, { log })
  for (let command = 0; command < 3; command++) {
    await expect(redis.run((client) => client.get('x'))).rejects.toThrow(/./)
  }
  expect(redis.isAvailable).toBe(false)
  expect(redis.failures).toBe(3)
  expect(messages(log)).toEqual(['Redis cannot be used'])
  expect(log[0]).toContain('ECONNREFUSED')
})

describe.skipIf(lacks('redis-server'))('with a password [needs redis-server]', () => {
  const redis = redisServer((port) => ['--port', port, '--requirepass', 'hunter2'])

  test.each([
    ['the right password', ':hunter2@', ['connected to Redis']],
    ['a wrong password', ':hunter3@', ['Redis cannot be used']],
    ['a user that there is not', 'hunter4:hunter3@', ['Redis cannot be used']],
    ['no password', '', ['Redis cannot be used']],
  ])('%s', async (_, credentials, expected) => {
    const log: string[] = []
    const connection = await connectRedis(redis().url.replace('//', `//${credentials}`), { log })
    const outcome = await connection.run((client) => client.get('x')).catch((error: unknown) => error)
    expect(outcome instanceof Error).toBe(expected[0] === 'Redis cannot be used')
    expect(messages(log)).toEqual(expected)
    expect(log.join('') + String(outcome)).not.toMatch(/hunter/)
    // A check before the start says the same.
    const check = await checkRedis({ url: redis().url.replace('//', `//${credentials}`) }).catch(
      (error: unknown) => error,
    )
    expect(check instanceof Error).toBe(outcome instanceof Error)
    expect(String(check)).not.toMatch(/hunter/)
  })

  test('a user that may not ask for the policy can use Redis', async () => {
    const admin = await connectRedis(redis().url.replace('//', '//:hunter2@'))
    await admin.client.acl('SETUSER', 'limited', 'on', '>hunter5', '~*', '+@all', '-info')
    const log: string[] = []
    const connection = await connectRedis(redis().url.replace('//', '//limited:hunter5@'), { log })
    await connection.run((client) => client.ping())
    await connection.run((client) => client.ping())
    expect(messages(log)).toEqual(['connected to Redis'])
    expect(connection.failures).toBe(0)
    expect(await checkRedis({ url: redis().url.replace('//', '//limited:hunter5@') })).toEqual([])
  })

  test('a user without scripts cannot use Redis, which is logged once, and the check before the start says why', async () => {
    const admin = await connectRedis(redis().url.replace('//', '//:hunter2@'))
    await admin.client.acl('SETUSER', 'scriptless', 'on', '>hunter6', '~*', '+@all', '-@scripting')
    const url = redis().url.replace('//', '//scriptless:hunter6@')
    const log: string[] = []
    const connection = await connectRedis(url, { log })
    const counter = new RedisCounter(connection, 'count', { limit: 1, window: 1000 })
    for (let request = 0; request < 3; request++) {
      await connection.run((client) => client.set('x', '1'))
      expect(await counter.add('key')).toBe(0)
      expect(connection.isAvailable).toBe(false)
    }
    expect(messages(log)).toEqual(['Redis cannot be used'])
    expect(log[0]).toContain('NOPERM')
    await expect(checkRedis({ url })).rejects.toThrow('NOPERM')
    // An administrator corrects it.
    await admin.client.acl('SETUSER', 'scriptless', '+@scripting')
    await counter.add('key')
    expect(connection.isAvailable).toBe(true)
    expect(messages(log)).toEqual(['Redis cannot be used', 'Redis can be used again'])
    // An error that passes, unlike one of permissions.
    await expect(
      connection.run((client) => client.eval("return redis.error_reply('OOM full')", 0), 'script'),
    ).rejects.toThrow('OOM')
    await connection.run((client) => client.set('x', '1'))
    expect(connection.isAvailable).toBe(true)
  })

  test('a check before the start refuses a replica, and one that does not answer, and writes nothing', async () => {
    const url = redis().url.replace('//', '//:hunter2@')
    const admin = await connectRedis(url)
    await admin.client.flushall()
    expect(await checkRedis({ url })).toEqual([])
    expect(await admin.client.dbsize()).toBe(0)
    await admin.client.replicaof('127.0.0.1', '1')
    await expect(checkRedis({ url })).rejects.toThrow(
      `cannot use Redis at 127.0.0.1:${redis().port}, see REDIS_URL: it is a replica`,
    )
    await admin.client.replicaof('NO', 'ONE')
    redis().pause()
    try {
      await expect(checkRedis({ url })).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    } finally {
      redis().resume()
    }
  })

  test.each([
    ['allkeys-lru', '100mb', true],
    ['volatile-ttl', '100mb', true],
    ['noeviction', '100mb', false],
    ['allkeys-lru', '0', false],
  ])('maxmemory-policy %s with maxmemory %s is warned of: %s', async (policy, maximum, isWarned) => {
    const url = redis().url.replace('//', '//:hunter2@')
    const admin = await connectRedis(url)
    onTestFinished(
      async () => void (await admin.client.config('SET', 'maxmemory', '0', 'maxmemory-policy', 'noeviction')),
    )
    await admin.client.config('SET', 'maxmemory', maximum, 'maxmemory-policy', policy)
    const log: string[] = []
    const connection = await connectRedis(url, { log })
    // The check is done when it has sent its commands.
    await connection.run((client) => client.ping())
    await connection.run((client) => client.ping())
    expect(messages(log).includes(evictionWarning)).toBe(isWarned)
    expect(await checkRedis({ url })).toEqual(isWarned ? [evictionWarning] : [])
  })
})

describe.skipIf(lacks('redis-server', 'openssl'))('over TLS [needs redis-server and openssl]', () => {
  const folder = scratchFolderForFile()
  let ca = ''
  const redis = redisServer((port) => {
    const { keyFile, certificateFile } = new Openssl(folder()).certificate('/CN=redis', undefined, [
      '-addext',
      'subjectAltName=IP:127.0.0.1',
    ])
    ca = readFileSync(certificateFile, 'utf8')
    const files = ['--tls-cert-file', certificateFile, '--tls-key-file', keyFile]
    return ['--port', '0', '--tls-port', port, ...files, '--tls-auth-clients', 'no']
  })

  test('a certificate of a known CA is required', async () => {
    const url = redis().url.replace('redis:', 'rediss:')
    const log: string[] = []
    const trusting = await connectRedis(url, { log, tls: { ca } })
    expect(await trusting.run((client) => client.ping())).toBe('PONG')
    const other = await connectRedis(url, { log })
    await expect(other.run((client) => client.ping())).rejects.toThrow(/./)
    expect(messages(log)).toEqual(['connected to Redis', 'Redis cannot be used'])
    expect(log[1]).toContain('DEPTH_ZERO_SELF_SIGNED_CERT')
    expect(await checkRedis({ url }, { ca })).toEqual([])
    await expect(checkRedis({ url })).rejects.toThrow('self-signed certificate')
  })
})

const evictionWarning =
  'Redis drops keys when its memory is full, so a used assertion could be accepted again; set maxmemory-policy to noeviction'
