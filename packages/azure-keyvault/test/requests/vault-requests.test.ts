import { isSealwrightError } from '@sealwright/core'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { settingsOf } from '../../src/options.ts'
import { VaultRequests, type VaultRequest } from '../../src/requests/vault-requests.ts'

const signing: VaultRequest = {
  permission: 'keys/sign',
  object: 'the key k',
  vaultUrl: 'https://contoso.vault.azure.net',
  cost: 1,
  deadline: 2_000,
  isIdempotent: true,
}
const creating: VaultRequest = {
  ...signing,
  permission: 'keys/create',
  isCreation: true,
  deadline: 30_000,
  isIdempotent: false,
}

/** An answer after so long, as a vault gives it. */
function answer(milliseconds: number): (signal: AbortSignal) => Promise<'done'> {
  return () => new Promise((resolve) => setTimeout(() => resolve('done'), milliseconds))
}

/** No answer, ever. */
function silence(): Promise<'done'> {
  return new Promise(() => {})
}

/** What a request came to: `done`, or the code of its error. */
async function outcome(running: Promise<'done'>): Promise<string> {
  try {
    return await running
  } catch (error) {
    if (!isSealwrightError(error)) throw error
    return error.code
  }
}

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
    const signed = Array.from({ length: 8 }, () => requests.run(signing, answer(90)))
    await vi.advanceTimersByTimeAsync(100)
    await expect(Promise.all([created, ...signed])).resolves.toHaveLength(9)
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
})
