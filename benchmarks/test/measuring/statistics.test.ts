import { expect, test } from 'vitest'
import { growth, growthAtLast, median, quantile, spread } from '../../src/measuring/statistics.ts'

test('the median is the middle one, or the mean of the middle two', () => {
  expect(median([9, 1, 5])).toBe(5)
  expect(median([9, 1, 5, 6])).toBe(5.5)
})

test('a quantile lies between the two nearest values', () => {
  const values = [50, 10, 40, 20, 30]
  expect(quantile(values, 0)).toBe(10)
  expect(quantile(values, 0.25)).toBe(20)
  expect(quantile(values, 0.9)).toBeCloseTo(46)
  expect(quantile(values, 1)).toBe(50)
  expect(quantile([], 0.5)).toBeNaN()
})

test('the spread is half the distance of the quartiles, relative to the median', () => {
  expect(spread([80, 90, 100, 110, 120])).toBeCloseTo(0.1)
  expect(spread([7, 7, 7])).toBe(0)
})

test('growth is the rise of the fitted line, relative to the mean', () => {
  expect(growth([90, 95, 100, 105, 110])).toBeCloseTo(0.2)
  expect(growth([110, 105, 100, 95, 90])).toBeCloseTo(-0.2)
  expect(growth([100, 103, 97, 103, 97, 103, 97, 100])).toBeLessThan(0.02)
})

test('what is gained in the first half is not growth', () => {
  expect(growthAtLast([10, 50, 80, 95, 100, 100, 100, 100, 100, 100])).toBe(0)
  expect(growthAtLast([100, 100, 100, 100, 100, 100, 105, 110, 115, 120])).toBeGreaterThan(0.15)
})
