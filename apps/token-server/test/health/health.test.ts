import { SealwrightError } from '@sealwright/core'
import { expect, test } from 'vitest'
import { Draining } from '../../src/health/draining.ts'
import { remoteKey } from '../support/remote-key.ts'
import { openFolderStore } from '@sealwright/local-store'
import { scratchFolder } from '@sealwright/test-kit/folders'
import { testServer } from '../support/server.ts'

const keySet = { keySetAge: expect.any(Number) as unknown, maxKeySetAge: 86_400 }

test('a server on a key that signs is live and ready', async () => {
  const { app } = await testServer()
  for (const [url, body] of [
    ['/health/live', { status: 'live' }],
    ['/health/ready', { status: 'ready', signing: 'unknown', ...keySet }],
    ['/health/signing', { status: 'available', ...keySet }],
    ['/health/ready', { status: 'ready', signing: 'available', ...keySet }],
  ] as const) {
    const response = await app.inject(url)
    expect([response.statusCode, response.json()]).toEqual([200, body])
    expect(response.headers['cache-control']).toBe('no-store')
  }
})

test('readiness says how old the keys are while their store cannot be read', async () => {
  const store = await openFolderStore(scratchFolder())
  await store.create('signing', { keyType: 'ec-p256' })
  let uptime = 0
  let isDown = false
  const list = store.list.bind(store)
  store.list = (options) => (isDown ? Promise.reject(new Error('the disk is gone')) : list(options))
  const { app, ring } = await testServer({
    env: { WELCOME_PAGE: 'true' },
    sources: [{ store, name: 'signing' }],
    clock: () => new Date(Date.now() + uptime),
    ringClock: { now: () => Date.now() + uptime, elapsed: () => uptime },
  })
  isDown = true
  uptime = 3_600_000
  await expect(ring.refresh()).rejects.toThrow('the disk is gone')
  const response = await app.inject('/health/ready')
  expect([response.statusCode, response.json()]).toEqual([
    200,
    expect.objectContaining({
      status: 'ready',
      keySetAge: expect.closeTo(3_610, -1) as unknown,
      maxKeySetAge: 86_400,
    }),
  ])
  uptime = 86_400_000
  for (const [url, status] of [
    ['/health/ready', 503],
    ['/.well-known/openid-configuration/jwks', 503],
    ['/.well-known/openid-configuration', 200],
  ] as const)
    expect([url, (await app.inject(url)).statusCode]).toEqual([url, status])
  expect((await app.inject('/health/ready')).json()).toMatchObject({ status: 'no JWK Set can be served' })
  const page = await app.inject('/')
  expect(page.statusCode).toBe(200)
  expect(page.body).toMatch(/No key can sign now: /)
})

test('the state of signing follows the key, which is used every few seconds at most, and says nothing of the reason', async () => {
  let now = Date.UTC(2030, 0)
  let signatures = 0
  let broken = false
  const log: string[] = []
  const { app } = await testServer({
    log,
    clock: () => new Date(now),
    wrapKey: (key) =>
      remoteKey(key, (data, options) => {
        signatures++
        expect(Buffer.from(data).toString()).toBe('readiness probe')
        expect(options?.signal).toBeInstanceOf(AbortSignal)
        if (broken) return Promise.reject(new SealwrightError('UNAVAILABLE', 'vault.example is down'))
        return key.signer().sign(data)
      }),
  })
  const signing = async (): Promise<number> => (await app.inject('/health/signing')).statusCode
  expect(await Promise.all(Array.from({ length: 10 }, signing))).toEqual(Array<number>(10).fill(200))
  expect(await signing()).toBe(200)
  expect(signatures).toBe(1)

  broken = true
  now += 4999
  expect(await signing()).toBe(200)
  now += 1
  const response = await app.inject('/health/signing')
  expect([response.statusCode, response.headers['retry-after']]).toEqual([503, '5'])
  expect(response.json()).toEqual({ status: 'unavailable', ...keySet })
  expect(log.map((line) => JSON.parse(line) as unknown)).toContainEqual(
    expect.objectContaining({
      level: 50,
      msg: 'the key cannot sign',
      err: expect.objectContaining({ message: 'vault.example is down' }) as unknown,
    }),
  )
  const ready = await app.inject('/health/ready')
  expect([ready.statusCode, ready.json()]).toEqual([
    200,
    { status: 'ready', signing: 'unavailable', ...keySet },
  ])

  broken = false
  now += 5000
  expect(await signing()).toBe(200)
  expect(signatures).toBe(3)
  // A clock that is set back does not make an old result a new one.
  now -= 60_000
  expect(await signing()).toBe(200)
  expect(signatures).toBe(4)
})

test.each([
  [true, 'available'],
  [false, 'unavailable'],
])('readiness says whether Redis can be used, and does not depend on it: %s', async (isAvailable, redis) => {
  const { app } = await testServer({ redis: { isAvailable, failures: 0 } })
  const response = await app.inject('/health/ready')
  expect([response.statusCode, response.json()]).toEqual([
    200,
    { status: 'ready', signing: 'unknown', redis, ...keySet },
  ])
})

test('readiness does not wait for a key that hangs, which gets no second request meanwhile', async () => {
  const gate: { open?: () => void } = {}
  const isOpen = new Promise<void>((resolve) => (gate.open = resolve))
  let now = Date.UTC(2030, 0)
  let signatures = 0
  const { app } = await testServer({
    clock: () => new Date(now),
    wrapKey: (key) =>
      remoteKey(key, async (data) => {
        signatures++
        await isOpen
        return key.signer().sign(data)
      }),
  })
  const signing = async (): Promise<unknown> =>
    (await app.inject('/health/ready')).json<{ signing: string }>().signing
  expect([await signing(), await signing()]).toEqual(['unknown', 'unknown'])
  now += 60_000
  expect([await signing(), signatures]).toEqual(['unknown', 1])
  now -= 60_000
  gate.open?.()
  await expect.poll(signing).toBe('available')
})

test('what load balancers ask every second is not in the log at info, but for what is wrong', async () => {
  const log: string[] = []
  const draining = new Draining()
  const { app } = await testServer({ log, draining })
  await app.inject('/health/ready')
  draining.begin()
  await app.inject('/health/ready')
  const lines = log.map((line) => JSON.parse(line) as { msg: string; level: number })
  expect(lines.filter(({ msg }) => msg === 'answered').map(({ level }) => level)).toEqual([20, 30])
})

test('a server that drains is not ready, and answers every request until then', async () => {
  const draining = new Draining()
  const { app } = await testServer({ draining })
  draining.begin()
  const ready = await app.inject('/health/ready')
  expect([ready.statusCode, ready.json<{ status: string }>().status]).toEqual([503, 'draining'])
  for (const url of ['/health/live', '/health/signing', '/.well-known/openid-configuration/jwks']) {
    const response = await app.inject(url)
    expect([response.statusCode, response.headers.connection]).toEqual([200, 'close'])
  }
})
