import { expect, onTestFinished, test, vi } from 'vitest'
import { MemoryReplayStore } from '../../src/replay/memory-store.ts'

const begin = 1_900_000_000_000

test('a client that sends too many assertions locks out only itself, until they have expired', async () => {
  let now = 0
  const store = new MemoryReplayStore({
    lifetime: 10_000,
    limit: 2,
    clock: () => new Date(begin + now),
    monotonicClock: () => now,
  })
  const use = (client: string, id: string): Promise<unknown> => store.use(client, id, begin + 10_000)
  expect(await use('a', '1')).toEqual({ kind: 'first' })
  expect(await use('a', '1')).toEqual({ kind: 'replay' })
  expect(await use('a', '2')).toEqual({ kind: 'first' })
  now = 4_000
  expect(await use('a', '3')).toEqual({ kind: 'full', retryAfter: 6 })
  expect(await use('b', '1')).toEqual({ kind: 'first' })
  now = 10_000
  expect(await use('a', '3')).toEqual({ kind: 'first' })
})

test('by default identifiers expire by the clocks of the machine, of which one cannot be set', async () => {
  vi.useFakeTimers({ toFake: ['Date', 'performance'] })
  onTestFinished(() => void vi.useRealTimers())
  const store = new MemoryReplayStore({ lifetime: 10_000 })
  const use = async (id: string): Promise<string> => (await store.use('a', id, Date.now() + 10_000)).kind
  expect([await use('1'), await use('1')]).toEqual(['first', 'replay'])
  vi.setSystemTime(Date.now() + 3_600_000)
  expect([await use('a'), await use('b'), await use('1')]).toEqual(['first', 'first', 'replay'])
  for (const id of ['2', '3']) {
    vi.advanceTimersByTime(10_001)
    expect(await use(id)).toBe('first')
  }
  expect(await use('1')).toBe('first')
})
