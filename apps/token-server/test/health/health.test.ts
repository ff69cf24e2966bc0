import { SealwrightError } from '@sealwright/core'
import { expect, test } from 'vitest'
import { remoteKey } from '../support/remote-key.ts'
import { testServer } from '../support/server.ts'

test('a server on a key that signs is live and ready', async () => {
  const { app } = await testServer()
  for (const [url, status] of [
    ['/health/live', 'live'],
    ['/health/ready', 'ready'],
  ] as const) {
    const response = await app.inject(url)
    expect([response.statusCode, response.json()]).toEqual([200, { status }])
    expect(response.headers['cache-control']).toBe('no-store')
  }
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
