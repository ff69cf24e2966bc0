import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { Counter } from '../../src/limits/counter.ts'

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['performance', 'Date', 'setTimeout'] })
  // A map takes the time 0 for no time.
  vi.advanceTimersByTime(1)
})
afterEach(() => vi.useRealTimers())

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

const take = (counter: Counter, key: string, times: number): number[] =>
  Array.from({ length: times }, () => counter.take(key))

test('a key is allowed as many events as the limit in each window, and the others are told when the next begins', () => {
  const counter = new Counter({ limit: 3, window: 60_000 })
  expect(take(counter, 'a', 2)).toEqual([0, 0])
  vi.advanceTimersByTime(20_000)
  expect(take(counter, 'a', 3)).toEqual([0, 40_000, 40_000])
  expect(take(counter, 'b', 3)).toEqual([0, 0, 0])
  vi.advanceTimersByTime(40_001)
  expect(take(counter, 'a', 4)).toEqual([0, 0, 0, 60_000])
})

test('no more keys are counted than the maximum, and the one that was not seen for longest is forgotten', () => {
  const counter = new Counter({ limit: 1, window: 60_000, maximumKeys: 2 })
  expect(['a', 'b', 'a', 'c'].map((key) => counter.take(key) > 0)).toEqual([false, false, true, false])
  expect(['a', 'c', 'b'].map((key) => counter.isOver(key))).toEqual([true, true, false])
})

test('a key that is over the limit of all processes is blocked for as long as they say', async () => {
  const added: string[] = []
  const shared = { add: (key: string) => Promise.resolve(added.push(key) > 1 ? 5_000 : 0) }
  const counter = new Counter({ limit: 10, window: 60_000, shared })
  expect(counter.take('a')).toBe(0)
  await settled()
  expect(counter.take('a')).toBe(0)
  await settled()
  expect(counter.take('a')).toBe(5_000)
  expect(added).toEqual(['a', 'a'])
  vi.advanceTimersByTime(5_001)
  expect(counter.take('a')).toBe(0)
})
