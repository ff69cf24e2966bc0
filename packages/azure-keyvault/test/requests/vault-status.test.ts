import { RestError } from '@azure/core-rest-pipeline'
import { SealwrightError } from '@sealwright/core'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { settingsOf } from '../../src/options.ts'
import { VaultRequests, type Send, type VaultRequest } from '../../src/requests/vault-requests.ts'
import { absentRequest, answer, creating, outcome, refusing, signing, silence } from '../support/requests.ts'

beforeEach(() => {
  vi.useFakeTimers()
  vi.advanceTimersByTime(10_000)
})
afterEach(() => {
  vi.useRealTimers()
})

async function run(requests: VaultRequests, request: VaultRequest, send: Send<'done'>): Promise<string> {
  const running = outcome(requests.run(request, send))
  await vi.advanceTimersByTimeAsync(request.deadline)
  return running
}

/** Fails with each of these in turn, then succeeds. */
function failing(...errors: readonly Error[]): Send<'done'> {
  return async (_, attempt) => {
    const error = errors[attempt]
    if (error !== undefined) throw error
    return 'done'
  }
}

const rest = (options: { statusCode?: number; code?: string }): RestError =>
  new RestError('no', { ...options, request: absentRequest })

test('a vault of which nothing was asked', () => {
  expect(new VaultRequests(settingsOf({ quota: 2_000 })).status()).toEqual({
    transactions: { queued: 0, inFlight: 0, used: 0, share: 2_000, limit: 2_000, pausedFor: 0 },
    creations: { queued: 0, inFlight: 0, used: 0, share: 10, limit: 10, pausedFor: 0 },
    breaker: 'closed',
    breakerOpenings: 0,
    outage: null,
    throttled: 0,
    calls: [],
    retries: [],
  })
})

test('a call is counted once with its result, and each attempt that was repeated by its reason', async () => {
  const requests = new VaultRequests(settingsOf({}))
  const noToken = new SealwrightError('UNAVAILABLE', 'there is no token', { retryAfter: 1 })
  const aborted = Object.assign(new Error('aborted'), { name: 'AbortError' })
  await run(requests, signing, answer(90))
  await run(requests, signing, failing(rest({ statusCode: 503 }), rest({ statusCode: 429 })))
  await run(requests, signing, failing(rest({ code: 'ECONNRESET' }), aborted))
  await run(requests, { ...signing, attemptTimeout: 400 }, (_, attempt) =>
    attempt === 0 ? silence() : Promise.resolve('done'),
  )
  await run(requests, { ...creating, permission: 'keys/create' }, failing(noToken))
  await run(requests, { ...signing, permission: 'keys/get' }, refusing(404).send)
  await run(requests, signing, silence)
  const reason = new Error('no longer wanted')
  const given = requests.run({ ...signing, signal: AbortSignal.abort(reason) }, answer(90))
  await expect(given).rejects.toBe(reason)
  const { calls, retries, throttled } = requests.status()
  expect(calls).toEqual([
    { operation: 'keys/sign', error: null, count: 4 },
    { operation: 'keys/sign', error: 'TIMEOUT', count: 1 },
    { operation: 'keys/sign', error: 'ABORTED', count: 1 },
    { operation: 'keys/create', error: null, count: 1 },
    { operation: 'keys/get', error: 'UNAVAILABLE', count: 1 },
  ])
  expect(retries).toEqual([
    { reason: '503', count: 1 },
    { reason: '429', count: 1 },
    { reason: 'connection', count: 1 },
    { reason: 'timeout', count: 2 },
    { reason: 'token', count: 1 },
  ])
  expect(throttled).toBe(1)
})

test('the quota: what is used, what waits, and how long a full vault is left alone', async () => {
  const requests = new VaultRequests(settingsOf({ quota: 500, maxInFlight: 3 }))
  const all = [4, 1, 1, 1].map((cost) => outcome(requests.run({ ...signing, cost }, answer(300))))
  await vi.advanceTimersByTimeAsync(200)
  const { transactions, creations } = requests.status()
  expect(transactions).toMatchObject({ queued: 1, inFlight: 3, used: 6, share: 500, pausedFor: 0 })
  expect(creations).toMatchObject({ queued: 0, inFlight: 0, used: 0 })
  await vi.advanceTimersByTimeAsync(1_000)
  await Promise.all(all)
  expect(requests.status().transactions).toMatchObject({ queued: 0, inFlight: 0, used: 7 })
  const refused = outcome(requests.run({ ...signing, deadline: 50 }, refusing(429).send))
  await vi.advanceTimersByTimeAsync(50)
  await refused
  expect(requests.status().transactions.pausedFor).toBeGreaterThan(0)
  // The vault did not count what it refused.
  expect(requests.status().transactions.used).toBe(7)
  await vi.advanceTimersByTimeAsync(20_000)
  expect(requests.status().transactions).toMatchObject({ used: 0, pausedFor: 0 })
})

test('the circuit breaker: open with its reason, half-open after the cool-down, closed after an answer', async () => {
  const requests = new VaultRequests(settingsOf({ circuitBreaker: { failures: 2, failingFor: 0 } }))
  expect(await run(requests, { ...signing, deadline: 300 }, silence)).toBe('TIMEOUT')
  expect(requests.status()).toMatchObject({ breaker: 'closed', outage: null })
  expect(await run(requests, { ...signing, deadline: 300 }, silence)).toBe('TIMEOUT')
  const open = { breaker: 'open', breakerOpenings: 1, outage: 'it did not answer in time' }
  expect(requests.status()).toMatchObject(open)
  await vi.advanceTimersByTimeAsync(2_000)
  expect(requests.status()).toMatchObject({ ...open, breaker: 'half-open' })
  // A test that fails is no further opening.
  await run(requests, { ...signing, deadline: 300 }, silence)
  expect(requests.status()).toMatchObject(open)
  await vi.advanceTimersByTimeAsync(2_000)
  await run(requests, signing, answer(90))
  expect(requests.status()).toMatchObject({ breaker: 'closed', breakerOpenings: 1, outage: null })
})
