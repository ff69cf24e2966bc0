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

test('weighs each answer as RFC 6298 does', () => {
  const roundTrip = new RoundTrip(1_000)
  expect([roundTrip.mean, roundTrip.nearlyAll]).toEqual([100, 300])
  // Deviation 50 + (100 - 50) / 4, mean 100 + 100 / 8.
  roundTrip.answered(200)
  expect([roundTrip.mean, roundTrip.nearlyAll]).toEqual([112.5, 112.5 + 4 * 62.5])
  // Longer than the longest counts as the longest.
  roundTrip.answered(5_000)
  expect(roundTrip.mean).toBe(112.5 + (1_000 - 112.5) / 8)
})

test('leaves room for timers that fire late, however even the answers', () => {
  const roundTrip = new RoundTrip(1_000)
  for (let i = 0; i < 200; i++) roundTrip.answered(100)
  expect(roundTrip.nearlyAll).toBe(120)
})

test('counts what was given up as twice as long, unless an answer could not have come yet', () => {
  const roundTrip = new RoundTrip(1_000)
  roundTrip.outlasted(100)
  expect(roundTrip.mean).toBe(100)
  roundTrip.outlasted(200)
  expect(roundTrip.mean).toBe(100 + (400 - 100) / 8)
})

test('expects no answer later than the longest, from the start', () => {
  expect([new RoundTrip(60).mean, new RoundTrip(60).nearlyAll]).toEqual([60, 60])
})
