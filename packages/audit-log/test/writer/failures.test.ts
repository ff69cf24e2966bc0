import { expect, test } from 'vitest'
import { closed, stuck, tooMany, unwritable } from '../../src/writer/failures.ts'

test.each([
  [Object.assign(new Error('EIO: i/o error, write'), { code: 'EIO' }), '(EIO: the disk has a fault)'],
  [Object.assign(new Error('what'), { code: 'EWHAT' }), '(EWHAT)'],
  [new Error('no code'), '(Error: no code)'],
  ['text', '(text)'],
])('a write that failed with %o can be tried again, and says why', (cause, reason) => {
  const message = `/audit/file cannot be written ${reason}`
  expect(unwritable('/audit/file', cause)).toMatchObject({
    code: 'UNAVAILABLE',
    message,
    cause,
    retryAfter: 1,
  })
})

test('other failures can be tried again, and have no cause', () => {
  for (const error of [stuck('/audit/file'), tooMany(7), closed()]) {
    expect(error).toMatchObject({ code: 'UNAVAILABLE', retryAfter: 1 })
    expect(error).not.toHaveProperty('cause')
  }
})
