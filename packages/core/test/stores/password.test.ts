import { expect, test } from 'vitest'
import { resolvePassword } from '../../src/internal.ts'

test.for<[string, string, Parameters<typeof resolvePassword>[1]]>([
  ['a string', 'secret', 'secret'],
  ['what a function returns', 'secret', () => 'secret'],
  ['what a promise of a function gives', 'secret', () => Promise.resolve('secret')],
  ['the empty string', '', ''],
  ['the empty string where there is none', '', undefined],
])('a password is %s', async ([, expected, password]) => {
  expect(await resolvePassword('password', password)).toBe(expected)
})

test('anything else is refused, and not quoted', async () => {
  await expect(resolvePassword('options.password', 7 as never)).rejects.toMatchObject({
    code: 'INVALID_ARGUMENT',
    message: 'options.password must be a string, or a function that returns one',
  })
  const returnsBytes = (() => Buffer.from('hunter2')) as never
  await expect(resolvePassword('options.password', returnsBytes)).rejects.toMatchObject({
    code: 'INVALID_ARGUMENT',
    message: 'options.password must return a string',
  })
})
