import { RestError } from '@azure/core-rest-pipeline'
import { SealwrightError } from '@sealwright/core'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { settingsOf } from '../../src/options.ts'
import { VaultRequests, type Send, type VaultRequest } from '../../src/requests/vault-requests.ts'
import { absentRequest, answer, creating, outcome, refusing, signing, silence } from '../support/requests.ts'

beforeEach(() => {
  vi.useFakeTimers()
  // Times count from some time on, and not from zero.
  vi.advanceTimersByTime(10_000)
})
afterEach(() => {
  vi.useRealTimers()
})

/** A request that fails in a way which is not repeated. */
const once: VaultRequest = { ...creating, isCreation: false, deadline: 5_000 }

/** An answer with that status after so many milliseconds. */
function answering(status: number, milliseconds: number): Send<'done'> {
  return async () => {
    await new Promise((resolve) => setTimeout(resolve, milliseconds))
    throw new RestError('refused', { statusCode: status, request: absentRequest })
  }
}

async function run(
  requests: VaultRequests,
  send: Send<'done'>,
  request: VaultRequest = once,
): Promise<string> {
  const running = outcome(requests.run(request, send))
  await vi.advanceTimersByTimeAsync(request.deadline)
  return running
}

const noToken = (): Promise<never> =>
  Promise.reject(new SealwrightError('UNAVAILABLE', 'there is no token', { retryAfter: 1 }))
const noTokenAfter = async (milliseconds: number): Promise<never> => {
  await new Promise((resolve) => setTimeout(resolve, milliseconds))
  return noToken()
}
const reset = (): Promise<never> =>
  Promise.reject(new RestError('reset', { code: 'ECONNRESET', request: absentRequest }))

describe('the vault is out of order', () => {
  const limits = settingsOf({ circuitBreaker: { failures: 2, failingFor: 0 } })

  test('after answers that say so; the request that finds out fails with them, and others say why', async () => {
    const requests = new VaultRequests(limits)
    const { send, sent } = refusing(503)
    const finding = requests.run(signing, send)
    finding.catch(() => undefined)
    await vi.advanceTimersByTimeAsync(1_000)
    await expect(finding).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      message: expect.stringMatching(/^(?!.*was not tried).*refused/),
      retryAfter: 2,
    })
    expect(sent()).toBe(2)
    await expect(requests.run(signing, answer(90))).rejects.toThrow(
      /was not tried: the vault is failing, and the circuit breaker is open: refused$/,
    )
  })

  test.each([
    ['500', refusing(500).send, false],
    ['a reset', reset, false],
    ['400', refusing(400).send, true],
    ['404', refusing(404).send, true],
    ['429', refusing(429).send, true],
  ])('not while %s lies between failures, unless it is one', async (_, between, starts) => {
    const requests = new VaultRequests(limits)
    await outcome(requests.run(once, refusing(500).send))
    const middle = outcome(requests.run({ ...once, deadline: 50 }, between))
    await vi.advanceTimersByTimeAsync(50)
    await middle
    await vi.advanceTimersByTimeAsync(1_000)
    // Two failures in a row open the breaker for two seconds, of which one is left.
    await outcome(requests.run(once, refusing(500).send))
    const last = outcome(requests.run(once, answer(90)))
    await vi.advanceTimersByTimeAsync(100)
    expect(await last).toBe(starts ? 'done' : 'UNAVAILABLE')
  })

  test('is not shown, nor disproved, by a token that could not be had', async () => {
    const requests = new VaultRequests(limits)
    for (let index = 0; index < 5; index++) await run(requests, noToken)
    expect(await run(requests, answer(90))).toBe('done')
    await outcome(requests.run(once, refusing(500).send))
    await run(requests, noToken)
    await outcome(requests.run(once, refusing(500).send))
    expect(await outcome(requests.run(once, answer(90)))).toBe('UNAVAILABLE')
  })

  test.each([
    ['whose token could not be had', { ...signing, deadline: 50 }, noToken],
    [
      'that is cut off shortly after it was sent again',
      { ...signing, attemptTimeout: 1_000, deadline: 1_500 },
      (_: AbortSignal, attempt: number) => (attempt > 0 ? silence() : noTokenAfter(1_250)),
    ],
  ])('and a request that tries again, %s, leaves its place to the next', async (_, request, send) => {
    const requests = new VaultRequests(settingsOf({ circuitBreaker: { failures: 1, failingFor: 0 } }))
    await outcome(requests.run(once, refusing(500).send))
    await vi.advanceTimersByTimeAsync(2_000)
    expect(await run(requests, send, { ...once, ...request })).not.toBe('done')
    const next = outcome(requests.run(once, answer(90)))
    await vi.advanceTimersByTimeAsync(100)
    expect(await next).toBe('done')
  })

  test('is said at once, also while the quota is used up', async () => {
    const requests = new VaultRequests(
      settingsOf({ quota: 20, circuitBreaker: { failures: 1, failingFor: 0 } }),
    )
    await outcome(requests.run(once, refusing(500).send))
    let said = ''
    void outcome(requests.run(once, answer(90))).then((code) => (said = code))
    await vi.advanceTimersByTimeAsync(1)
    expect(said).toBe('UNAVAILABLE')
  })
})

/** When the first attempt at a signature is given up, which has at least this time. */
async function firstAttempt(requests: VaultRequests, attemptTimeout: number): Promise<number> {
  const start = performance.now()
  let end = 0
  const running = outcome(
    requests.run({ ...signing, deadline: 20_000, attemptTimeout }, (signal, attempt) => {
      signal.addEventListener('abort', () => (end = attempt === 0 ? performance.now() : end))
      return attempt === 0 ? silence() : Promise.resolve('done')
    }),
  )
  await vi.advanceTimersByTimeAsync(20_000)
  expect(await running).toBe('done')
  return end - start
}

describe('the time that answers take', () => {
  const limits = settingsOf({ circuitBreaker: { failures: 1_000, failingFor: 0 } })

  test.each<[string, Send<'done'>, object, number, [number, number]]>([
    ['refusals after 900 ms', answering(400, 900), {}, 40, [900, 1_000]],
    ['a refusal after 900 ms', answering(400, 900), {}, 1, [1_100, 1_200]],
    ['resets, which are no answers', reset, {}, 40, [290, 310]],
    ['silence until the deadline', silence, { deadline: 300 }, 40, [600, 2_000]],
    [
      'an attempt that was given up',
      (_, attempt) => (attempt === 0 ? silence() : answer(300)(AbortSignal.timeout(1))),
      { attemptTimeout: 300, isIdempotent: true },
      1,
      [750, 900],
    ],
  ])('is learned from %s', async (_, send, changes, times, [least, most]) => {
    const requests = new VaultRequests(limits)
    for (let index = 0; index < times; index++) await run(requests, send, { ...once, ...changes })
    const took = await firstAttempt(requests, 100)
    expect(took).toBeGreaterThanOrEqual(least)
    expect(took).toBeLessThanOrEqual(most)
  })

  test('is doubled for the next attempt', async () => {
    const requests = new VaultRequests(limits)
    const ends: number[] = []
    const running = outcome(
      requests.run({ ...signing, attemptTimeout: 2_000, deadline: 20_000 }, (signal, attempt) => {
        signal.addEventListener('abort', () => ends.push(performance.now()))
        return attempt < 2 ? silence() : Promise.resolve('done')
      }),
    )
    await vi.advanceTimersByTimeAsync(20_000)
    expect(await running).toBe('done')
    const [first = 0, second = 0] = ends
    expect(second - first).toBeGreaterThanOrEqual(4_000)
    expect(second - first).toBeLessThan(4_400)
  })

  test('is named as the time since the attempt began', async () => {
    const requests = new VaultRequests(limits)
    const twice = requests.run({ ...signing, attemptTimeout: 500 }, silence)
    twice.catch(() => undefined)
    await vi.advanceTimersByTimeAsync(2_000)
    await expect(twice).rejects.toThrow(/2000 ms; the last attempt failed: it did not answer in 50\d ms$/)
  })
})

describe('a vault that was full', () => {
  test.each<[string, Send<'done'>, boolean]>([
    ['refuses a request for another reason', refusing(400).send, true],
    ['resets a connection', reset, false],
  ])('and %s: what that says of its room', async (_, send, hasRoom) => {
    const requests = new VaultRequests(settingsOf({ circuitBreaker: { failures: 1_000, failingFor: 0 } }))
    const full = outcome(requests.run({ ...once, deadline: 50 }, refusing(429).send))
    await vi.advanceTimersByTimeAsync(300)
    await full
    const probe = outcome(requests.run({ ...once, deadline: 20_000 }, send))
    await vi.advanceTimersByTimeAsync(1)
    await probe
    let sent = 0
    for (let index = 0; index < 3; index++) {
      void outcome(
        requests.run({ ...once, deadline: 20_000 }, () => {
          sent++
          return silence()
        }),
      )
    }
    await vi.advanceTimersByTimeAsync(1_500)
    expect(sent).toBe(hasRoom ? 3 : 1)
  })

  test('is said to a request that waits for its answer meanwhile, with the time', async () => {
    const requests = new VaultRequests(settingsOf({}))
    const waiting = requests.run(signing, silence)
    waiting.catch(() => undefined)
    await vi.advanceTimersByTimeAsync(100)
    await outcome(requests.run(once, refusing(429, { 'retry-after': '30' }).send))
    await vi.advanceTimersByTimeAsync(1_900)
    await expect(waiting).rejects.toMatchObject({ code: 'TIMEOUT', retryAfter: 29 })
  })

  test('a request that is sent again waits as long as it has to, however little patience it had', async () => {
    const requests = new VaultRequests(settingsOf({ quota: 20 }))
    const patience = { burst: 10, standing: 10 }
    const running = outcome(
      requests.run({ ...signing, patience, deadline: 20_000 }, (signal, attempt) =>
        attempt === 0 ? refusing(503).send() : answer(90)(signal),
      ),
    )
    await vi.advanceTimersByTimeAsync(1)
    const others = [1, 2].map(() => outcome(requests.run({ ...signing, deadline: 20_000 }, answer(90))))
    await vi.advanceTimersByTimeAsync(5_000)
    expect(await Promise.all([running, ...others])).toEqual(['done', 'done', 'done'])
  })
})
