import { setImmediate } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { concurrently, repeat } from '../../src/measuring/loops.ts'

test('repeat does it as often as asked', () => {
  let done = 0
  repeat(7, () => done++)
  expect(done).toBe(7)
})

test('concurrently keeps so many in flight, and says when the last begins', async () => {
  const seen: number[] = []
  let started = 0
  let inFlight = 0
  let startedAtLast = 0
  await concurrently(
    4,
    20,
    async () => {
      started++
      seen.push(++inFlight)
      await setImmediate()
      inFlight--
    },
    () => (startedAtLast = started),
  )
  expect(started).toBe(20)
  expect(Math.max(...seen)).toBe(4)
  expect(seen.slice(3)).toEqual(Array.from({ length: 17 }, () => 4))
  expect(startedAtLast).toBe(20)
})
