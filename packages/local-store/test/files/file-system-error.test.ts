import { expect, test } from 'vitest'
import { fileSystemError, hasErrno } from '../../src/files/file-system-error.ts'

const withCode = (code: string): Error => Object.assign(new Error('it failed'), { code })

test('an errno is that of an error of the system', () => {
  expect(hasErrno(withCode('ENOENT'), 'EACCES', 'ENOENT')).toBe(true)
  expect(hasErrno(withCode('ENOENT'), 'EACCES')).toBe(false)
  for (const other of [new Error('ENOENT'), { code: 'ENOENT' }, 'ENOENT', null, undefined]) {
    expect(hasErrno(other, 'ENOENT')).toBe(false)
  }
})

test.each(['EACCES', 'EPERM', 'EROFS'])('%s is ACCESS_DENIED', (code) => {
  const cause = withCode(code)
  expect(fileSystemError('cannot write k', cause)).toMatchObject({
    code: 'ACCESS_DENIED',
    message: `cannot write k: the operating system refuses it (${code})`,
    cause,
  })
})

test.each([
  [withCode('EIO'), 'EIO'],
  [new Error('no code'), 'Error: no code'],
  ['a text', 'a text'],
])('%s is UNAVAILABLE', (cause, shown) => {
  expect(fileSystemError('cannot read k', cause)).toMatchObject({
    code: 'UNAVAILABLE',
    message: `cannot read k (${shown})`,
    cause,
  })
})
