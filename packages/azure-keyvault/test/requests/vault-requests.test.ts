import { RestError } from '@azure/core-rest-pipeline'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { settingsOf } from '../../src/options.ts'
import { VaultRequests } from '../../src/requests/vault-requests.ts'
import { absentRequest, answer, creating, outcome, signing, silence } from '../support/requests.ts'

/** Asks so often a second for so long; returns how many were done of those asked in each second. */
async function load(
  requests: VaultRequests,
  perSecond: number,
  seconds: number,
  roundTrip: (second: number) => number,
): Promise<readonly number[]> {
  const done = Array.from({ length: seconds }, () => 0)
  const ask = async (second: number): Promise<void> => {
    const result = await outcome(requests.run(signing, answer(roundTrip(second))))
    if (result === 'done') done[second] = (done[second] ?? 0) + 1
  }
  const all: Promise<void>[] = []
  for (let step = 0; step < 10 * seconds; step++) {
    for (let i = 0; i < perSecond / 10; i++) all.push(ask(Math.floor(step / 10)))
    // eslint-disable-next-line no-await-in-loop -- the load comes evenly
    await vi.advanceTimersByTimeAsync(100)
  }
  await vi.advanceTimersByTimeAsync(5_000)
  await Promise.all(all)
  return done
}

/** A vault that is out of order after one failure, and the time after which it is tried again. */
async function broken(): Promise<VaultRequests> {
  const requests = new VaultRequests(settingsOf({ circuitBreaker: { failures: 1, failingFor: 0 } }))
  const running = outcome(requests.run({ ...signing, deadline: 300 }, silence))
  await vi.advanceTimersByTimeAsync(300)
  expect(await running).toBe('TIMEOUT')
  expect(await outcome(requests.run(signing, answer(90)))).toBe('UNAVAILABLE')
  await vi.advanceTimersByTimeAsync(2_000)
  return requests
}

describe('requests to a vault', () => {
  beforeEach(() => {
    vi.useFakeTimers()
  })
  afterEach(() => {
    vi.useRealTimers()
  })

  // A tenth of the quota of a vault, and so of the load on it, shows the same in a tenth of the time.
  test.each([60, 200])(
    'at %i a second, where the quota is 40, a healthy vault signs what the quota allows all the time',
    async (perSecond) => {
      const requests = new VaultRequests(settingsOf({ quota: 400 }))
      const done = await load(requests, perSecond, 10, () => 90)
      expect(Math.min(...done)).toBeGreaterThanOrEqual(36)
    },
  )

  test('under overload, a vault that becomes slower signs less for some seconds at most', async () => {
    const requests = new VaultRequests(settingsOf({ quota: 400 }))
    const done = await load(requests, 60, 12, (second) => (second < 4 ? 90 : 700))
    const recent = done.slice(-4).reduce((sum, each) => sum + each)
    expect(recent).toBeGreaterThanOrEqual(4 * 36)
  })

  test('a creation leaves the quota of signatures as it was', async () => {
    // The share of each of twenty servers.
    const requests = new VaultRequests(settingsOf({ quota: 200 }))
    const created = requests.run(creating, answer(90))
    const signed = Array.from({ length: 4 }, () => requests.run(signing, answer(90)))
    await vi.advanceTimersByTimeAsync(100)
    await expect(Promise.all([created, ...signed])).resolves.toHaveLength(5)
  })

  test('makes no more than 20 keys in ten seconds', async () => {
    const requests = new VaultRequests(settingsOf({}))
    let sent = 0
    for (let i = 0; i < 40; i++) {
      void requests.run(creating, (signal) => {
        sent++
        return answer(90)(signal)
      })
    }
    await vi.advanceTimersByTimeAsync(9_999)
    expect(sent).toBeGreaterThanOrEqual(19)
    expect(sent).toBeLessThanOrEqual(20)
    await vi.advanceTimersByTimeAsync(15_000)
    expect(sent).toBe(40)
  })

  test('who waits in the queue when the vault proves to be out of order is not sent', async () => {
    // Two a second after the first, and out of order after two silent attempts.
    const requests = new VaultRequests(
      settingsOf({ quota: 21, circuitBreaker: { failures: 2, failingFor: 0 } }),
    )
    let sent = 0
    const send = (): Promise<'done'> => {
      sent++
      return silence()
    }
    const first = outcome(requests.run({ ...signing, attemptTimeout: 600, deadline: 1_000 }, send))
    await vi.advanceTimersByTimeAsync(100)
    const second = outcome(requests.run({ ...signing, attemptTimeout: 600, deadline: 1_100 }, send))
    const queued = Array.from({ length: 5 }, () =>
      outcome(requests.run({ ...signing, deadline: 9_000 }, send)),
    )
    await vi.advanceTimersByTimeAsync(1_250)
    const sentWhenItOpened = sent
    await vi.advanceTimersByTimeAsync(1_700)
    expect(sent).toBe(sentWhenItOpened)
    await vi.advanceTimersByTimeAsync(10_000)
    expect(await Promise.all([first, second])).toEqual(['TIMEOUT', 'TIMEOUT'])
    expect(await Promise.all(queued)).toContain('UNAVAILABLE')
  })

  test('a silent vault is out of order even where deadlines are shorter than attempts', async () => {
    const requests = new VaultRequests(
      settingsOf({ attemptTimeout: 10_000, circuitBreaker: { failures: 2, failingFor: 0 } }),
    )
    for (let i = 0; i < 2; i++) {
      const running = outcome(requests.run({ ...signing, deadline: 300 }, silence))
      // eslint-disable-next-line no-await-in-loop -- in a row
      await vi.advanceTimersByTimeAsync(300)
      // eslint-disable-next-line no-await-in-loop
      expect(await running).toBe('TIMEOUT')
    }
    expect(await outcome(requests.run(signing, answer(90)))).toBe('UNAVAILABLE')
  })

  test('a caller who aborts the one request that tries again leaves its place to the next', async () => {
    const requests = await broken()
    const controller = new AbortController()
    const reason = new Error('no longer wanted')
    const probe = requests.run({ ...signing, signal: controller.signal }, silence)
    probe.catch(() => undefined)
    await vi.advanceTimersByTimeAsync(10)
    expect(await outcome(requests.run(signing, answer(90)))).toBe('UNAVAILABLE')
    controller.abort(reason)
    await expect(probe).rejects.toBe(reason)
    const next = outcome(requests.run(signing, answer(90)))
    await vi.advanceTimersByTimeAsync(100)
    expect(await next).toBe('done')
  })

  test('a request that tries again and ends before it was sent leaves its place to the next', async () => {
    const requests = await broken()
    const aborted = requests.run({ ...signing, signal: AbortSignal.abort(new Error('no')) }, answer(90))
    await expect(aborted).rejects.toThrow('no')
    const next = outcome(requests.run(signing, answer(90)))
    await vi.advanceTimersByTimeAsync(100)
    expect(await next).toBe('done')
  })

  test('callers who abort, however late and however many, are no outage', async () => {
    const requests = new VaultRequests(settingsOf({ circuitBreaker: { failures: 2, failingFor: 0 } }))
    for (let index = 0; index < 5; index++) {
      const controller = new AbortController()
      const running = requests.run({ ...signing, attemptTimeout: 500, signal: controller.signal }, silence)
      running.catch(() => undefined)
      await vi.advanceTimersByTimeAsync(490)
      controller.abort(new Error('no longer wanted'))
      await expect(running).rejects.toThrow('no longer wanted')
    }
    const next = outcome(requests.run(signing, answer(90)))
    await vi.advanceTimersByTimeAsync(100)
    expect(await next).toBe('done')
  })

  test('many requests with one signal wait, are sent and wait again without a warning of a leak', async () => {
    const warnings: unknown[] = []
    const warn = (warning: unknown): void => void warnings.push(warning)
    process.on('warning', warn)
    // Ten at once; the others wait for a turn. The first answer of each is a 503, after which it waits again.
    const requests = new VaultRequests(settingsOf({ maxInFlight: 10 }))
    const controller = new AbortController()
    const all = Array.from({ length: 40 }, () =>
      requests.run({ ...signing, signal: controller.signal }, (signal, attempt) =>
        attempt === 0
          ? Promise.reject(new RestError('unavailable', { statusCode: 503, request: absentRequest }))
          : answer(90)(signal),
      ),
    )
    const settled = Promise.allSettled(all)
    await vi.advanceTimersByTimeAsync(2_000)
    expect((await settled).filter(({ status }) => status === 'rejected')).toEqual([])
    // Node warns in the next tick.
    vi.useRealTimers()
    await new Promise(setImmediate)
    process.off('warning', warn)
    expect(warnings).toEqual([])
  })

  test.each([
    ['in one attempt', signing],
    ['in several attempts', { ...signing, attemptTimeout: 400 }],
  ])(
    'an authority that does not answer is no outage of the vault %s, and the error names it',
    async (_, request) => {
      const limits = settingsOf({ circuitBreaker: { failures: 2, failingFor: 0 } })
      let authority: string | null = 'https://login.example'
      const requests = new VaultRequests(limits, () => authority)
      for (let index = 0; index < 5; index++) {
        const running = requests.run(request, silence)
        running.catch(() => undefined)
        await vi.advanceTimersByTimeAsync(2_000)
        await expect(running).rejects.toMatchObject({
          code: 'TIMEOUT',
          message: expect.stringContaining('https://login.example has not answered'),
        })
      }
      expect(requests.status().retries.filter(({ reason }) => reason !== 'token')).toEqual([])
      authority = null
      const next = outcome(requests.run(signing, answer(90)))
      await vi.advanceTimersByTimeAsync(100)
      expect(await next).toBe('done')
    },
  )

  test('an authority that was slow does not make the vault slow', async () => {
    let authority: string | null = 'https://login.example'
    const requests = new VaultRequests(settingsOf({}), () => authority)
    const waiting = outcome(
      requests.run({ ...signing, attemptTimeout: 400 }, (_, attempt) => {
        if (attempt === 0) return silence()
        authority = null
        return Promise.resolve('done')
      }),
    )
    await vi.advanceTimersByTimeAsync(2_000)
    expect(await waiting).toBe('done')
    let attempts = 0
    const next = outcome(
      requests.run({ ...signing, attemptTimeout: 400 }, () =>
        attempts++ === 0 ? silence() : answer(0)(AbortSignal.timeout(1)),
      ),
    )
    await vi.advanceTimersByTimeAsync(520)
    expect(attempts).toBe(2)
    await vi.advanceTimersByTimeAsync(2_000)
    expect(await next).toBe('done')
  })

  test('a caller who aborts while a failure is on its way gets the reason, and not the error of the client', async () => {
    const requests = new VaultRequests(settingsOf({}))
    const controller = new AbortController()
    const reason = new Error('no longer wanted')
    const failing = Promise.reject(new RestError('no', { statusCode: 503, request: absentRequest }))
    const running = requests.run({ ...signing, signal: controller.signal }, () => failing)
    // When the attempt no longer listens, and its error has not arrived.
    failing
      .catch(() => undefined)
      .then(() => undefined)
      .then(() => controller.abort(reason))
      .catch(() => undefined)
    await expect(running).rejects.toBe(reason)
  })

  test('an attempt that takes too long is made again, with twice the time, and the last has all that is left', async () => {
    const requests = new VaultRequests(settingsOf({}))
    const ended: number[] = []
    const start = performance.now()
    const running = outcome(
      requests.run(
        { ...signing, attemptTimeout: 400, deadline: 3_000 },
        (signal) =>
          new Promise((_, reject) => {
            signal.addEventListener('abort', () => {
              ended.push(performance.now() - start)
              reject(signal.reason)
            })
          }),
      ),
    )
    await vi.advanceTimersByTimeAsync(5_000)
    expect(await running).toBe('TIMEOUT')
    const [first = 0, second = 0, third = 0] = ended
    expect(ended).toHaveLength(3)
    expect(first).toBeGreaterThanOrEqual(400)
    expect(first).toBeLessThan(420)
    // Twice as long, and the wait before.
    expect(second - first).toBeGreaterThanOrEqual(850)
    expect(second - first).toBeLessThan(1_200)
    expect(third).toBeCloseTo(3_000, -1)
  })

  test('a 404 for what was made a moment ago is asked again, and otherwise it is final', async () => {
    const requests = new VaultRequests(settingsOf({}))
    let asked = 0
    const absent = (): Promise<never> => {
      asked++
      return Promise.reject(new RestError('there is none', { statusCode: 404, request: absentRequest }))
    }
    const once = outcome(requests.run(signing, absent))
    await vi.advanceTimersByTimeAsync(3_000)
    expect([await once, asked]).toEqual(['NOT_FOUND', 1])
    const again = outcome(requests.run({ ...signing, isNew: true }, absent))
    await vi.advanceTimersByTimeAsync(3_000)
    expect(await again).toBe('NOT_FOUND')
    expect(asked).toBeGreaterThan(3)
  })
})
