import { expect, test } from 'vitest'
import { findJsonProblem } from '../../src/internal/find-json-problem.ts'

test.each([
  ['', 1, 1],
  ['{', 1, 2],
  ['{"a":1,}', 1, 8],
  ['[1 2]', 1, 4],
  ['[01]', 1, 3],
  ['{"a" 1}', 1, 6],
  ['{"a" [1]', 1, 6],
  ['{[1]', 1, 2],
  ['{a:1}', 1, 2],
  ['nul', 1, 1],
  ['"\\x"', 1, 1],
  ['[1,\n2,\n\n  oops]', 4, 3],
  ['{"😀":"é"\n,}', 2, 2],
  ['1 2', 1, 3],
  ['\t\n  ', 2, 3],
])('%j stops being JSON at line %i, column %i', (text, line, column) => {
  expect(() => JSON.parse(text) as unknown).toThrow(SyntaxError)
  expect(findJsonProblem(text)).toMatchObject({ line, column })
})

test('a string without its end is found at once, however long it is', () => {
  // With an expression that backtracks, each further character would double the time: the test would never end.
  const text = `{"a": "${'x'.repeat(10_000)}`
  expect(findJsonProblem(text)).toMatchObject({ line: 1, column: 7 })
})

test('numbers are read as JSON has them', () => {
  expect(findJsonProblem('[0, -0.25, 10.5, 1.25e30, 1E-12, 2e+30]')).toBeNull()
  for (const text of ['.5', '+1', '1.', '1e', '1e+', '0x1', '-'])
    expect(findJsonProblem(text), text).not.toBeNull()
})

test('escapes in strings are read as JSON has them', () => {
  const valid = String.raw`{"a\"\\\/\b\f\n\r\t\u00E9b": "\u0041\"x\"", "": "\\"}`
  expect(findJsonProblem(valid)).toBeNull()
  for (const text of [String.raw`"\x"`, String.raw`"\u004"`, String.raw`"\"`, '"a\tb"'])
    expect(findJsonProblem(text), text).not.toBeNull()
})

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

test('every object and list of up to four of these characters is JSON here if it is for JSON.parse', () => {
  let texts = ['{', '[']
  for (let length = 1; length <= 4; length++) {
    expect(texts.filter((text) => isJson(text) !== (findJsonProblem(text) === null))).toEqual([])
    texts = texts.flatMap((text) => '{}[]":,1'.split('').map((character) => text + character))
  }
})

test.each([
  ['the same name twice in an object', '{"a":1,"b":{"a":2},\n"\\u0061":3}', 2, 1, /^this name is already/],
  ['a name that JavaScript takes for the prototype', '{"__proto__":1}', 1, 2, /^the name "__proto__" is/],
  ['101 levels', `${'['.repeat(50)}${'{"a":'.repeat(51)}`, 1, 301, /^nested too deep$/],
  ['a comma too many', '[1,]', 1, 4, /^not JSON from here on; look for a missing or extra comma or quote$/],
])('%s is refused where it is, and the message says why', (_, text, line, column, message) => {
  expect(findJsonProblem(text)).toEqual({ line, column, message: expect.stringMatching(message) as string })
})

test('100 levels are read, any number of times', () => {
  const deep = `${'['.repeat(50)}${'{"a":'.repeat(50)}1${'}'.repeat(50)}${']'.repeat(50)}`
  expect(findJsonProblem(`[${deep.slice(1, -1)},${deep.slice(1, -1)}]`)).toBeNull()
})
