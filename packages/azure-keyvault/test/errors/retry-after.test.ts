import { expect, test } from 'vitest'
import { retryAfterOf } from '../../src/errors/retry-after.ts'

test.each([
  ['1', 1_000],
  ['0', null],
  ['61', 60_000],
  ['99999999999', 60_000],
  ['Thu, 01 Jan 2099 00:00:00 GMT', 60_000],
  ['Thu, 01 Jan 2026 00:00:05 GMT', 5_000],
  ['Wed, 31 Dec 2025 23:59:00 GMT', null],
  ['Thu, 01 Jan 2026 00:00:00 GMT', null],
  ['soon', null],
  ['-1', null],
  ['', null],
  [undefined, null],
])('Retry-After: %s is %s ms', (header, expected) => {
  expect(retryAfterOf(header, new Date('2026-01-01T00:00:00Z'))).toBe(expected)
})
