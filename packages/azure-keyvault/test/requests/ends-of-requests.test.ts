import { getEventListeners } from 'node:events'
import { isSealwrightError } from '@sealwright/core'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { settingsOf } from '../../src/options.ts'
import { VaultRequests } from '../../src/requests/vault-requests.ts'
import { answer, creating, outcome, refusing, signing, silence } from '../support/requests.ts'

describe('what becomes of a request to a vault', () => {
  beforeEach(() => {
    vi.useFakeTimers()
  })
  afterEach(() => {
    vi.useRealTimers()
  })

  test('a vault that asks to be left alone for longer than there is time is not asked meanwhile', async () => {
    const requests = new VaultRequests(settingsOf({}))
    const { send, sent } = refusing(429, { 'retry-after': '30' })
    await expect(requests.run(signing, send)).rejects.toMatchObject({ code: 'UNAVAILABLE', retryAfter: 30 })
    await vi.advanceTimersByTimeAsync(10_500)
    await expect(requests.run(signing, send)).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      message:
        'keys/sign of the key k in https://contoso.vault.azure.net was not tried: ' +
        'the vault throttles requests, and its Retry-After is longer than the deadline allows',
      retryAfter: 20,
    })
    expect(sent()).toBe(1)
    // With two seconds left, and a deadline of as many, it waits.
    await vi.advanceTimersByTimeAsync(18_000)
    const waiting = outcome(requests.run(signing, answer(90)))
    await vi.advanceTimersByTimeAsync(1_700)
    expect(await waiting).toBe('done')
  })

  test('a vault that is out of order is not asked, and the error says why and for how long', async () => {
    const requests = new VaultRequests(settingsOf({ circuitBreaker: { failures: 1, failingFor: 0 } }))
    const running = outcome(requests.run({ ...signing, deadline: 300 }, silence))
    await vi.advanceTimersByTimeAsync(300)
    expect(await running).toBe('TIMEOUT')
    await expect(requests.run(signing, answer(90))).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      message:
        'keys/sign of the key k in https://contoso.vault.azure.net was not tried: ' +
        'the vault is failing, and the circuit breaker is open: it did not answer in time',
      retryAfter: 2,
    })
  })

  test('a deadline that passes is named, and so is the failure of the attempt before', async () => {
    const requests = new VaultRequests(settingsOf({}))
    const message = 'keys/sign of the key k in https://contoso.vault.azure.net took longer than 2000 ms'
    const once = requests.run(signing, silence)
    once.catch(() => undefined)
    const twice = requests.run({ ...signing, attemptTimeout: 500 }, silence)
    twice.catch(() => undefined)
    await vi.advanceTimersByTimeAsync(2_000)
    await expect(once).rejects.toMatchObject({ code: 'TIMEOUT', message, retryAfter: 1 })
    await expect(twice).rejects.toMatchObject({
      message: expect.stringMatching(/2000 ms; the last attempt failed: it did not answer in 50\d ms$/),
    })
  })

  test.each([
    [503, true],
    [429, true],
    [500, false],
    [409, false],
  ])('a creation that was answered with %i is sent again: %s', async (status, again) => {
    const requests = new VaultRequests(settingsOf({}))
    const { send, sent } = refusing(status)
    const creation = requests.run({ ...creating, deadline: 1_000 }, send)
    creation.catch(() => undefined)
    await vi.advanceTimersByTimeAsync(1_000)
    await expect(creation).rejects.toSatisfy(isSealwrightError)
    expect(sent() > 1).toBe(again)
  })

  test('only failures that may pass say when to ask again', async () => {
    const requests = new VaultRequests(settingsOf({}))
    const error: unknown = await requests.run(signing, refusing(400).send).catch((reason: unknown) => reason)
    expect(error).toMatchObject({ code: 'INVALID_ARGUMENT' })
    expect(error).not.toHaveProperty('retryAfter')
    const failing = requests.run({ ...creating, deadline: 1_000 }, refusing(500).send)
    await expect(failing).rejects.toMatchObject({ code: 'UNAVAILABLE', retryAfter: 1 })
  })

  test('nothing is left of a request that has ended: no timer, and no listener on its signal', async () => {
    const requests = new VaultRequests(settingsOf({}))
    const { signal } = new AbortController()
    const done = requests.run({ ...signing, attemptTimeout: 500, signal }, answer(90))
    expect(getEventListeners(signal, 'abort')).toHaveLength(1)
    await vi.advanceTimersByTimeAsync(90)
    expect(await done).toBe('done')
    await expect(requests.run({ ...signing, signal }, refusing(400).send)).rejects.toThrow(
      /Key Vault refused/,
    )
    expect(getEventListeners(signal, 'abort')).toEqual([])
    expect(vi.getTimerCount()).toBe(0)
  })

  test('a request whose caller has aborted already is not sent', async () => {
    const requests = new VaultRequests(settingsOf({}))
    const { send, sent } = refusing(400)
    const reason = new Error('no longer wanted')
    await expect(requests.run({ ...signing, signal: AbortSignal.abort(reason) }, send)).rejects.toBe(reason)
    expect(sent()).toBe(0)
  })
})
