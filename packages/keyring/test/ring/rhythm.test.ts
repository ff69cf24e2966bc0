import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { MemoryStore } from '../support/memory-store.ts'
import { policy as rotating } from '../support/policy.ts'
import { openTestRing, pass, useVirtualTime } from '../support/virtual-clock.ts'

const policy = { ...rotating, rotationInterval: null }

/** Instead of chance: 0 is the earliest time, and almost 1 the latest. */
function useRandom(value: number): void {
  const random = vi.spyOn(Math, 'random').mockReturnValue(value)
  onTestFinished(() => random.mockRestore())
}

describe.each([
  ['at the earliest', 0, 48, [0.5, 1, 2, 4, 8, 16, 30, 30], 12.5],
  ['at the latest', 1 - 2 ** -53, 60, [1, 2, 4, 8, 16, 32, 60, 60], 25],
])('a ring reads %s', (_name, random, interval, retries, whenStale) => {
  test(`every ${interval} s, after a failure ever later, and when nothing can be signed every ${whenStale} s`, async () => {
    useVirtualTime()
    useRandom(random)
    const store = new MemoryStore()
    await store.add('a')
    const times: number[] = []
    const list = store.list.bind(store)
    store.list = (options) => {
      times.push(Date.now())
      return list(options)
    }
    const { ring } = await openTestRing([{ store, name: 'a' }], policy)
    /** The seconds between the reads of a time, to a tenth. */
    const gapsOf = async (seconds: number): Promise<number[]> => {
      times.splice(0, times.length - 1)
      await pass(seconds)
      return times.slice(1).map((time, index) => Math.round((time - (times[index] ?? 0)) / 100) / 10)
    }
    expect((await gapsOf(200)).slice(0, 3)).toEqual([interval, interval, interval])
    store.outage = new Error('the line is cut')
    expect((await gapsOf(300)).slice(0, 9)).toEqual([interval, ...retries])
    expect(ring.status().ready).toBe(true)
    // The set is too old after 600 s.
    expect((await gapsOf(500)).at(-1)).toBe(whenStale)
    expect(ring.status().ready).toBe(false)
    store.outage = null
    expect((await gapsOf(200)).slice(-2)).toEqual([interval, interval])
  })
})

describe('the status', () => {
  test('names no time that is not known', async () => {
    useVirtualTime()
    const store = new MemoryStore()
    const key = await store.add('a')
    key.createdAt = null
    key.notAfter = null
    const { ring } = await openTestRing([{ store, name: 'a' }], policy)
    expect(ring.status()).toMatchObject({
      keys: [{ state: 'active', createdAt: null, signsFrom: null, signsUntil: null, publishedUntil: null }],
      nextRotation: null,
    })
  })

  test('has a version due now when none can sign', async () => {
    useVirtualTime()
    const store = new MemoryStore()
    const key = await store.add('a')
    key.enabled = false
    const { ring } = await openTestRing([{ store, name: 'a' }], policy)
    expect(ring.status()).toMatchObject({
      ready: false,
      keys: [{ state: 'revoked', signsUntil: null, publishedUntil: null }],
      nextRotation: new Date(Date.now()),
    })
  })
})

test('the JWK Set and the key that signs are the same objects until something changes', async () => {
  useVirtualTime()
  const store = new MemoryStore()
  await store.add('a')
  const { ring } = await openTestRing([{ store, name: 'a' }], policy)
  const [jwks, key] = [ring.jwks(), ring.signingKey()]
  await ring.refresh()
  expect(ring.jwks()).toBe(jwks)
  expect(ring.signingKey()).toBe(key)
  await store.add('a')
  await ring.refresh()
  expect(ring.jwks()).not.toBe(jwks)
  expect(ring.signingKey()).toBe(key)
})
