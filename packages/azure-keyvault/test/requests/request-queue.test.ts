import { getEventListeners } from 'node:events'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { QuotaBudget } from '../../src/requests/quota-budget.ts'
import { RequestQueue } from '../../src/requests/request-queue.ts'
import { RoundTrip } from '../../src/requests/round-trip.ts'

/** A signal that never aborts: each caller has its own. */
const never = (): AbortSignal => new AbortController().signal

function queue(options: { quota?: number; maxInFlight?: number; maxQueued?: number }): RequestQueue {
  const { quota = 1_000_000, maxInFlight = 1_000, maxQueued = 1_000 } = options
  return new RequestQueue(new QuotaBudget(quota), new RoundTrip(1_000), { maxInFlight, maxQueued })
}

/** Waits for a turn for as long as the deadline allows, and returns what ends it. */
async function enter(
  door: RequestQueue,
  units: number,
  deadlineAt: number,
  signal: AbortSignal,
): Promise<() => void> {
  const turn = await door.enter({ units, deadlineAt, patience: null, signal })
  return () => turn.leave()
}

describe('the request queue', () => {
  beforeEach(() => {
    vi.useFakeTimers()
  })
  afterEach(() => {
    vi.useRealTimers()
  })

  test('admits in the order of asking, no more at once than the cap', async () => {
    const door = queue({ maxInFlight: 2 })
    const admitted: number[] = []
    const leaves: (() => void)[] = []
    const all = Array.from({ length: 5 }, async (_, index) => {
      leaves.push(await enter(door, 1, Infinity, never()))
      admitted.push(index)
    })
    await vi.advanceTimersByTimeAsync(0)
    expect(admitted).toEqual([0, 1])
    leaves.shift()?.()
    leaves.shift()?.()
    await vi.advanceTimersByTimeAsync(0)
    expect(admitted).toEqual([0, 1, 2, 3])
    leaves.shift()?.()
    await Promise.all(all)
    expect(admitted).toEqual([0, 1, 2, 3, 4])
  })

  test('leaving twice frees one place', async () => {
    const door = queue({ maxInFlight: 1 })
    const leave = await enter(door, 1, Infinity, never())
    leave()
    leave()
    await enter(door, 1, Infinity, never())
    let third = false
    void enter(door, 1, Infinity, never()).then(() => (third = true))
    await vi.advanceTimersByTimeAsync(1_000)
    expect(third).toBe(false)
  })

  test('waits for the quota: 100 per 10 s are 2 at once and then one every 102 ms', async () => {
    const door = queue({ quota: 100 })
    let admitted = 0
    for (let i = 0; i < 20; i++) void enter(door, 1, Infinity, never()).then(() => admitted++)
    await vi.advanceTimersByTimeAsync(0)
    expect(admitted).toBe(2)
    await vi.advanceTimersByTimeAsync(1_050)
    expect(admitted).toBe(12)
  })

  test('who aborts leaves the queue, and nobody behind waits for it', async () => {
    const door = queue({ maxInFlight: 1 })
    const leave = await enter(door, 1, Infinity, never())
    const controller = new AbortController()
    const reason = new Error('no longer wanted')
    const aborted = enter(door, 1, Infinity, controller.signal)
    const behind = enter(door, 1, Infinity, never())
    controller.abort(reason)
    await expect(aborted).rejects.toBe(reason)
    leave()
    await expect(behind).resolves.toBeTypeOf('function')
    await expect(enter(door, 1, Infinity, AbortSignal.abort(reason))).rejects.toBe(reason)
  })

  test('refuses at once when too many wait', async () => {
    const door = queue({ maxInFlight: 1, maxQueued: 1 })
    await enter(door, 1, Infinity, never())
    void enter(door, 1, Infinity, never())
    await expect(enter(door, 1, Infinity, never())).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      message: '1 requests are already waiting for the vault’s quota',
      retryAfter: 1,
    })
  })

  test('refuses at once whom the quota comes too late for, and says when to ask again', async () => {
    const door = queue({ quota: 100 })
    // 2 at once and then one every 102 ms: the next but nine comes after a second.
    for (let i = 0; i < 11; i++) void enter(door, 1, Infinity, never())
    const deadlineAt = performance.now() + 1_000
    await expect(enter(door, 1, deadlineAt, never())).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      message: expect.stringMatching(
        /quota is used up: the request would have to wait 10\d\d ms, which is too long/,
      ),
      retryAfter: 1,
    })
    let admitted = false
    void enter(door, 1, deadlineAt + 500, never()).then(() => (admitted = true))
    await vi.advanceTimersByTimeAsync(1_100)
    expect(admitted).toBe(true)
  })

  test('refuses at once whom the cap comes too late for, by what answers take', async () => {
    const door = queue({ maxInFlight: 2 })
    for (let i = 0; i < 12; i++) void enter(door, 1, Infinity, never())
    // Six rounds of 100 ms, and then its own.
    await expect(enter(door, 1, performance.now() + 600, never())).rejects.toMatchObject({
      code: 'UNAVAILABLE',
    })
    const controller = new AbortController()
    const entering = enter(door, 1, performance.now() + 1_000, controller.signal)
    controller.abort(new Error('let in, and no longer wanted'))
    await expect(entering).rejects.toThrow('let in')
  })

  test('who need not wait is never refused, however little time is left', async () => {
    await expect(enter(queue({}), 1, performance.now() + 1, never())).resolves.toBeTypeOf('function')
  })

  test('no timer is left when the last who waited aborts', async () => {
    const door = queue({ quota: 1 })
    const leave = await enter(door, 1, Infinity, never())
    leave()
    const controller = new AbortController()
    const aborted = enter(door, 1, Infinity, controller.signal)
    expect(vi.getTimerCount()).toBe(1)
    controller.abort(new Error('no longer wanted'))
    await expect(aborted).rejects.toThrow('no longer wanted')
    expect(vi.getTimerCount()).toBe(0)
  })

  test('who is refused long before its turn is told to come back then', async () => {
    const door = queue({ quota: 100 })
    for (let i = 0; i < 33; i++) void enter(door, 1, Infinity, never())
    // Its turn comes in 3.1 s and an answer takes 0.3 s, of which it has one.
    await expect(enter(door, 1, performance.now() + 1_000, never())).rejects.toMatchObject({ retryAfter: 3 })
  })

  test('the first beyond the cap waits for one answer', async () => {
    const door = queue({ maxInFlight: 2 })
    for (let i = 0; i < 2; i++) await enter(door, 1, Infinity, never())
    await expect(enter(door, 1, performance.now() + 50, never())).rejects.toMatchObject({
      code: 'UNAVAILABLE',
    })
  })

  describe('a request that may wait 2 s in a burst and 50 ms in a standing queue', () => {
    const patience = { burst: 2_000, standing: 50 }

    /** Whether it is let into the queue. */
    async function isLetIn(door: RequestQueue): Promise<boolean> {
      const controller = new AbortController()
      const entering = door.enter({ units: 1, deadlineAt: Infinity, patience, signal: controller.signal })
      controller.abort(new Error('let in'))
      return entering.then(
        () => true,
        (error: unknown) => error instanceof Error && error.message === 'let in',
      )
    }

    test('is let in until some request has waited for a second', async () => {
      await vi.advanceTimersByTimeAsync(5_000)
      const door = queue({ quota: 100 })
      for (let i = 0; i < 20; i++) void enter(door, 1, Infinity, never())
      expect(await isLetIn(door)).toBe(true)
      await vi.advanceTimersByTimeAsync(1_000)
      expect(await isLetIn(door)).toBe(true)
      await vi.advanceTimersByTimeAsync(1)
      expect(await isLetIn(door)).toBe(false)
    })

    test('is let in again once the queue was empty', async () => {
      const door = queue({ quota: 100 })
      for (let i = 0; i < 20; i++) void enter(door, 1, Infinity, never())
      await vi.advanceTimersByTimeAsync(1_790)
      expect(await isLetIn(door)).toBe(false)
      // The last one has just had its turn, so the next one must wait for more than 50 ms.
      await vi.advanceTimersByTimeAsync(70)
      expect(await isLetIn(door)).toBe(true)
    })
  })

  test('nothing listens to the signal of one that was admitted or has aborted', async () => {
    const door = queue({ maxInFlight: 1 })
    const admitted = new AbortController()
    await enter(door, 1, Infinity, admitted.signal)
    expect(getEventListeners(admitted.signal, 'abort')).toEqual([])
    const aborted = new AbortController()
    const entering = enter(door, 1, Infinity, aborted.signal)
    expect(getEventListeners(aborted.signal, 'abort')).toHaveLength(1)
    aborted.abort(new Error('no longer wanted'))
    await expect(entering).rejects.toThrow('no longer wanted')
    expect(getEventListeners(aborted.signal, 'abort')).toEqual([])
  })

  test('counts as using up the quota while the cap holds requests back', async () => {
    const budget = new QuotaBudget(4_000)
    const waited = vi.spyOn(budget, 'waited')
    const door = new RequestQueue(budget, new RoundTrip(1_000), { maxInFlight: 1, maxQueued: 10 })
    const leave = await enter(door, 1, Infinity, never())
    expect(waited).not.toHaveBeenCalled()
    const behind = enter(door, 1, Infinity, never())
    expect(waited).toHaveBeenCalledTimes(1)
    leave()
    await behind
  })

  test('no timer runs while a single request finds out whether the vault is still full', async () => {
    const door = queue({})
    const enterNow = { units: 1, deadlineAt: Infinity, patience: null }
    const first = await door.enter({ ...enterNow, signal: never() })
    first.spending.refused(performance.now(), 100)
    first.leave()
    const probing = door.enter({ ...enterNow, signal: never() })
    await vi.advanceTimersByTimeAsync(100)
    const probe = await probing
    const behind = enter(door, 1, Infinity, never())
    expect(vi.getTimerCount()).toBe(0)
    probe.spending.accepted(performance.now())
    probe.leave()
    await vi.advanceTimersByTimeAsync(100)
    await expect(behind).resolves.toBeTypeOf('function')
  })
})
