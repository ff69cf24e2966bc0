import { readFileSync } from 'node:fs'
import { isSealwrightError } from '@sealwright/core'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { settingsOf } from '../../src/options.ts'
import { signaturePatience } from '../../src/vault/connection.ts'
import { VaultRequests } from '../../src/requests/vault-requests.ts'
import { seededRandom } from '../support/shared-vault.ts'

beforeEach(() => {
  vi.useFakeTimers()
  vi.spyOn(Math, 'random').mockImplementation(seededRandom(1))
})
afterEach(() => {
  vi.useRealTimers()
  vi.restoreAllMocks()
})

/** A vault that answers after about 90 ms. */
function answer(): Promise<'done'> {
  return new Promise((resolve) => setTimeout(() => resolve('done'), 60 + 60 * Math.random()))
}

/** A tenth of a vault, which takes a tenth of the time to test. */
const quota = 400

/** Asks for signatures at an even rate for 30 seconds, with the defaults. Looks at the last 20 of them. */
async function load(percent: number): Promise<{ done: number; took: readonly number[] }> {
  const settings = settingsOf({ quota })
  const requests = new VaultRequests(settings)
  const request = {
    permission: 'keys/sign',
    object: 'the key k',
    vaultUrl: 'https://contoso.vault.azure.net',
    cost: 1,
    deadline: settings.deadline,
    attemptTimeout: settings.attemptTimeout,
    patience: signaturePatience(settings.deadline),
    isIdempotent: true,
  } as const
  const took: number[] = []
  const all: Promise<void>[] = []
  const perSecond = (quota / 10) * (percent / 100)
  for (let asked = 0; asked < 30 * perSecond; asked++) {
    await vi.advanceTimersByTimeAsync(1_000 / perSecond)
    const start = performance.now()
    const ask = async (): Promise<void> => {
      try {
        await requests.run(request, answer)
        if (asked >= 10 * perSecond) took.push(performance.now() - start)
      } catch (error) {
        if (!isSealwrightError(error, 'UNAVAILABLE')) throw error
      }
    }
    all.push(ask())
  }
  await vi.advanceTimersByTimeAsync(10_000)
  await Promise.all(all)
  return { done: took.length / (20 * (quota / 10)), took: took.toSorted((a, b) => a - b) }
}

test('under any load the quota is used and what is accepted is quick: the table in the README', async () => {
  const rows: string[] = []
  for (const percent of [50, 90, 100, 150, 240]) {
    const { done, took } = await load(percent)
    const at = (share: number): number => Math.round(took[Math.floor(share * took.length)] ?? 0)
    rows.push(`| ${percent} % | ${(100 * done).toFixed(0)} % | ${at(0.5)} ms | ${at(0.99)} ms |`)
    expect(done).toBeGreaterThan(Math.min(percent / 100, 0.96) - 0.01)
    expect(at(0.5)).toBeLessThan(600)
  }
  const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8').replaceAll(/ +/g, ' ')
  for (const row of rows) expect(readme).toContain(row)
}, 120_000)

test('a burst after a quiet time may wait for half of the deadline', async () => {
  const settings = settingsOf({})
  const requests = new VaultRequests(settings)
  const request = {
    permission: 'keys/sign',
    object: 'the key k',
    vaultUrl: 'https://contoso.vault.azure.net',
    cost: 1,
    deadline: settings.deadline,
    patience: signaturePatience(settings.deadline),
    isIdempotent: true,
  } as const
  const results = Promise.allSettled(Array.from({ length: 1_000 }, () => requests.run(request, answer)))
  await vi.advanceTimersByTimeAsync(5_000)
  const done = (await results).filter(({ status }) => status === 'fulfilled').length
  // 80 at once, and 392 a second for a second and a half.
  expect(done).toBeGreaterThan(640)
  expect(done).toBeLessThan(700)
})
