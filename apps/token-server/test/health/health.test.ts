import { SealwrightError } from '@sealwright/core'
import { expect, test } from 'vitest'
import { remoteKey } from '../support/remote-key.ts'
import { openFolderStore } from '@sealwright/local-store'
import { scratchFolder } from '@sealwright/test-kit/folders'
import { testServer } from '../support/server.ts'

test('a server on a key that signs is live and ready', async () => {
  const { app } = await testServer()
  for (const [url, body] of [
    ['/health/live', { status: 'live' }],
    ['/health/ready', { status: 'ready', keySetAge: expect.any(Number) as unknown, maxKeySetAge: 86_400 }],
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
    { status: 'ready', keySetAge: expect.closeTo(3_610, -1) as unknown, maxKeySetAge: 86_400 },
  ])
  uptime = 86_400_000
  for (const [url, status] of [
    ['/health/ready', 503],
    ['/.well-known/openid-configuration/jwks', 503],
    ['/.well-known/openid-configuration', 200],
  ] as const)
    expect([url, (await app.inject(url)).statusCode]).toEqual([url, status])
  const page = await app.inject('/')
  expect(page.statusCode).toBe(200)
  expect(page.body).toMatch(/No key can sign now: /)
})

test('readiness follows the key, asks it every few seconds at most, and says nothing of the reason', async () => {
  let now = Date.UTC(2030, 0)
  let signatures = 0
  let broken = false
  const { app } = await testServer({
    clock: () => new Date(now),
    wrapKey: (key) =>
      remoteKey(key, (data) => {
        signatures++
        if (broken) return Promise.reject(new SealwrightError('UNAVAILABLE', 'vault.example is down'))
        return key.signer().sign(data)
      }),
  })
  const ready = async (): Promise<number> => (await app.inject('/health/ready')).statusCode
  expect(await Promise.all(Array.from({ length: 10 }, ready))).toEqual(Array<number>(10).fill(200))
  expect(signatures).toBe(1)

  broken = true
  now += 4999
  expect(await ready()).toBe(200)
  now += 1
  const response = await app.inject('/health/ready')
  expect([response.statusCode, response.headers['retry-after']]).toEqual([503, '5'])
  expect(response.body).not.toContain('vault')
  expect((await app.inject('/health/live')).statusCode).toBe(200)

  broken = false
  now += 5000
  expect(await ready()).toBe(200)
  expect(signatures).toBe(3)
})
