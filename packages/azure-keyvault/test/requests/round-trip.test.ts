import { expect, test } from 'vitest'
import { RoundTrip } from '../../src/requests/round-trip.ts'

test('comes to what answers take, and nearly all of them are below the higher figure', () => {
  const roundTrip = new RoundTrip(1_000)
  for (let i = 0; i < 100; i++) roundTrip.answered(i % 2 === 0 ? 300 : 340)
  expect(roundTrip.mean).toBeGreaterThan(310)
  expect(roundTrip.mean).toBeLessThan(330)
  expect(roundTrip.nearlyAll).toBeGreaterThan(340)
  expect(roundTrip.nearlyAll).toBeLessThan(450)
})

test('sees that answers have become slower from those alone that were given up', () => {
  const roundTrip = new RoundTrip(1_000)
  for (let i = 0; i < 100; i++) roundTrip.answered(90)
  for (let i = 0; i < 100; i++) roundTrip.outlasted(roundTrip.nearlyAll)
  expect(roundTrip.nearlyAll).toBe(1_000)
})

test('learns nothing from what was given up early, and is never longer than the longest', () => {
  const roundTrip = new RoundTrip(1_000)
  const before = roundTrip.mean
  roundTrip.outlasted(5)
  expect(roundTrip.mean).toBe(before)
  for (let i = 0; i < 100; i++) roundTrip.answered(60_000)
  expect(roundTrip.nearlyAll).toBe(1_000)
})
