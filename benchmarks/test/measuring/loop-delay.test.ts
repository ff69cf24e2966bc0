import { setTimeout } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { LoopDelay } from '../../src/measuring/loop-delay.ts'

function block(milliseconds: number): void {
  const end = performance.now() + milliseconds
  while (performance.now() < end);
}

test('sees how long the event loop was blocked, and what it does between two starts is nothing to it', async () => {
  const delay = new LoopDelay()
  delay.start()
  await setTimeout(5)
  block(30)
  await setTimeout(5)
  delay.stop()
  const count = delay.samples.length
  expect(Math.max(...delay.samples)).toBeGreaterThanOrEqual(29)
  block(500)
  await setTimeout(5)
  expect(delay.samples).toHaveLength(count)
  delay.start()
  await setTimeout(5)
  delay.stop()
  expect(delay.samples.length).toBeGreaterThan(count)
  expect(Math.max(...delay.samples)).toBeLessThan(500)
})

test('counts a loop that never turned', () => {
  const delay = new LoopDelay()
  delay.start()
  block(20)
  delay.stop()
  expect(delay.samples).toHaveLength(1)
  expect(delay.samples[0]).toBeGreaterThanOrEqual(19)
  delay.reset()
  expect(delay.samples).toEqual([])
})
