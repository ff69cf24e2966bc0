import { describe, expect, test } from 'vitest'
import { importRsaKey, startRig, type Rig } from '../support/rig.ts'

async function statuses(rig: Rig, count: number, path: string, body?: unknown): Promise<Map<number, number>> {
  const counted = new Map<number, number>()
  for (let i = 0; i < count; i++) {
    const { status } = await rig.raw(body === undefined ? 'GET' : 'POST', path, { body })
    counted.set(status, (counted.get(status) ?? 0) + 1)
  }
  return counted
}

/** What the second of two creations gets where one is allowed. */
async function secondCreation(retryAfter?: number): ReturnType<Rig['raw']> {
  const rig = await startRig({ throttle: { scale: 0.001, retryAfter } })
  await rig.raw('POST', '/keys/k/create?api-version=7.6', { body: { kty: 'EC' } })
  return rig.raw('POST', '/keys/k/create?api-version=7.6', { body: { kty: 'EC' } })
}

const digest = Buffer.alloc(32).toString('base64url')

describe('the quota of a vault', () => {
  test('is 4,000 in 10 seconds for software RSA-2048, here at a hundredth', async () => {
    const start = Date.UTC(2026, 0, 1)
    let now = start
    const rig = await startRig({ throttle: { scale: 0.01 }, now: () => now })
    await importRsaKey(rig, 'k')
    now += 10_000
    const path = '/keys/k//sign?api-version=7.6'
    const body = { alg: 'RS256', value: digest }
    expect(await statuses(rig, 50, path, body)).toEqual(
      new Map([
        [200, 40],
        [429, 10],
      ]),
    )
    // Still the same window.
    now += 9_999
    expect((await rig.raw('POST', path, { body })).status).toBe(429)
    // What was refused does not count in the next.
    now += 1
    expect(await statuses(rig, 41, path, body)).toEqual(
      new Map([
        [200, 40],
        [429, 1],
      ]),
    )
  })

  test('weighs keys: HSM keys cost double, and the sum is limited', async () => {
    let now = Date.UTC(2026, 0, 1)
    const rig = await startRig({ throttle: { scale: 0.01 }, now: () => now })
    await importRsaKey(rig, 'software')
    now += 10_000
    await importRsaKey(rig, 'hsm', { kty: 'RSA-HSM' })
    now += 10_000
    expect(await statuses(rig, 10, '/keys/hsm?api-version=7.6')).toEqual(new Map([[200, 10]]))
    expect(await statuses(rig, 25, '/keys/software?api-version=7.6')).toEqual(
      new Map([
        [200, 20],
        [429, 5],
      ]),
    )
  })

  test('has its own limit for creating, and none of it touches another vault or the authority', async () => {
    const rig = await startRig({ throttle: { scale: 0.1 }, now: () => Date.UTC(2026, 0, 1) })
    const counted = await statuses(rig, 3, '/keys/k/create?api-version=7.6', { kty: 'EC' })
    expect(counted).toEqual(
      new Map([
        [200, 2],
        [429, 1],
      ]),
    )
    expect((await rig.raw('GET', '/keys/k?api-version=7.6')).status).toBe(200)
  })

  test('a 429 is the service’s, without Retry-After unless asked for', async () => {
    const refused = await secondCreation()
    expect(refused).toMatchObject({
      status: 429,
      body: {
        error: {
          code: 'Throttled',
          message:
            'Request was not processed because too many requests were received. Reason: VaultRequestTypeLimitReached',
        },
      },
    })
    expect(refused.headers['retry-after']).toBeUndefined()
    expect((await secondCreation(7)).headers['retry-after']).toBe('7')
  })
})
