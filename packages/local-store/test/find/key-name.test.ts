import { failure } from '@sealwright/test-kit/errors'
import { describe, expect, test } from 'vitest'
import { checkNewName, isSameName, quoteOr } from '../../src/find/key-name.ts'

describe('a name for a new key', () => {
  test.each(['a', 'A-9', 'a'.repeat(127), 'com', 'com10', 'xcon', 'conx', 'nul-1', '-'])(
    'can be %s',
    (name) => {
      expect(() => checkNewName(name)).not.toThrow()
    },
  )

  test.each([
    ['', 'that text'],
    ['a'.repeat(128), `"${'a'.repeat(128)}"`],
    ['a.b', '"a.b"'],
    ['a b', '"a b"'],
    ['/a', '"/a"'],
    ['a/', '"a/"'],
    ['ä', '"ä"'],
    ['a\n', 'that text'],
    ['{"kty":"EC"}', 'that text'],
    ['con', '"con"'],
    ['PRN', '"PRN"'],
    ['aux', '"aux"'],
    ['nul', '"nul"'],
    ['Com0', '"Com0"'],
    ['lpt9', '"lpt9"'],
  ])('cannot be %j', async (name, shown) => {
    expect(await failure('INVALID_ARGUMENT', () => checkNewName(name))).toBe(
      `${shown}: invalid key name; use 1 to 127 letters, digits and hyphens, and no Windows device name`,
    )
  })
})

test('text is quoted in a message unless it may be the contents of a file', () => {
  expect(quoteOr('CN=a, O=b', 'it')).toBe('"CN=a, O=b"')
  expect(quoteOr('x'.repeat(255), 'it')).toBe(`"${'x'.repeat(255)}"`)
  for (const text of ['', 'x'.repeat(256), 'a{', '}a', 'a"b', 'a\nb', '\u200Eab'])
    expect(quoteOr(text, 'it')).toBe('it')
})

test('names are equal in either case', () => {
  expect(isSameName('My-App', 'mY-aPP')).toBe(true)
  expect(isSameName('a', 'b')).toBe(false)
})
