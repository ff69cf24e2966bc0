import { lacks } from '@sealwright/test-kit/tools'
import { describe, expect, onTestFinished, test } from 'vitest'
import { createLogger } from '../../src/logging/logger.ts'
import { openRedis, type SharedState } from '../../src/startup/open-redis.ts'
import { freePort } from '../support/ports.ts'
import { redisServer } from '../support/redis.ts'

async function open(url: string): Promise<SharedState & { readonly log: readonly string[] }> {
  const log: string[] = []
  const logger = createLogger('info', { write: (line) => void log.push(line) })
  const shared = await openRedis({ url, keyPrefix: 'test:' }, logger)
  onTestFinished(() => shared.close())
  return Object.assign(shared, { log })
}

const inAMinute = (): number => Date.now() + 60_000
const counts = { limit: 1, window: 60_000 }

test('without Redis the server starts: it accepts no assertion and limits nothing by the counts of others', async () => {
  const shared = await open(`redis://:hunter2@127.0.0.1:${await freePort()}`)
  await expect(shared.replays.use('client', 'id', inAMinute())).rejects.toThrow(/./)
  const counter = shared.share('tokens', counts)
  expect([await counter.add('client'), await counter.add('client')]).toEqual([0, 0])
  expect([shared.isAvailable, shared.failures]).toEqual([false, 3])
  expect(shared.log).toHaveLength(1)
  expect(shared.log[0]).toMatch(/"msg":"Redis cannot be used"/)
  expect(shared.log[0]).not.toContain('hunter2')
})

describe.skipIf(lacks('redis-server'))('with Redis [needs redis-server]', () => {
  const redis = redisServer()

  test('servers share what they remember', async () => {
    const [one, other] = [await open(redis().url), await open(redis().url)]
    expect(await one.replays.use('client', 'id', inAMinute())).toEqual({ kind: 'first' })
    expect(await other.replays.use('client', 'id', inAMinute())).toEqual({ kind: 'replay' })
    expect(await one.share('tokens', counts).add('client')).toBe(0)
    expect(await other.share('tokens', counts).add('client')).toBeGreaterThan(50_000)
    expect([one.isAvailable, one.failures]).toEqual([true, 0])
  })
})
