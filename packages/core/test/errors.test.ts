import { expect, test } from 'vitest'
import { isSealwrightError, SealwrightError } from '../src/index.ts'

test('an error has its code, message and cause', () => {
  const cause = new Error('below')
  const error = new SealwrightError('NOT_FOUND', 'no such key', { cause })
  expect(error).toBeInstanceOf(Error)
  expect(error).toMatchObject({ name: 'SealwrightError', code: 'NOT_FOUND', message: 'no such key', cause })
  expect(String(error)).toBe('SealwrightError: no such key')
})

test('an absent cause or retryAfter makes no property', () => {
  const error = new SealwrightError('TIMEOUT', 'late', { cause: undefined, retryAfter: undefined })
  expect(Object.keys(error).toSorted()).toEqual(['code', 'name'])
  expect('cause' in error).toBe(false)
  expect('retryAfter' in error).toBe(false)
  expect(new SealwrightError('TIMEOUT', 'late', { cause: null }).cause).toBe(null)
  expect(new SealwrightError('TIMEOUT', 'late', { retryAfter: 0 }).retryAfter).toBe(0)
})

test('isSealwrightError knows its own, with and without a code', () => {
  const error = new SealwrightError('NOT_FOUND', 'no such key')
  expect(isSealwrightError(error)).toBe(true)
  expect(isSealwrightError(error, 'NOT_FOUND')).toBe(true)
  expect(isSealwrightError(error, 'ACCESS_DENIED')).toBe(false)
})

test('isSealwrightError knows those of another copy of the package', () => {
  const foreign = Object.assign(new Error('no such key'), { name: 'SealwrightError', code: 'NOT_FOUND' })
  expect(isSealwrightError(foreign, 'NOT_FOUND')).toBe(true)
})

test.for<[string, unknown]>([
  ['undefined', undefined],
  ['null', null],
  ['text', 'SealwrightError'],
  ['a plain object', { name: 'SealwrightError', code: 'NOT_FOUND' }],
  ['another error', new Error('x')],
  ['a system error', Object.assign(new Error('x'), { code: 'ENOENT' })],
  ['one without a code', Object.assign(new Error('x'), { name: 'SealwrightError' })],
  ['one whose code is a number', Object.assign(new Error('x'), { name: 'SealwrightError', code: 7 })],
])('%s is no SealwrightError', ([, value]) => {
  expect(isSealwrightError(value)).toBe(false)
})
