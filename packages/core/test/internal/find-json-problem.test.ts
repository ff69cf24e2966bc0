import { expect, test } from 'vitest'
import { findJsonProblem } from '../../src/internal/find-json-problem.ts'

test.each([
  ['', 1, 1],
  ['{', 1, 2],
  ['{"a":1,}', 1, 8],
  ['[1 2]', 1, 4],
  ['[01]', 1, 3],
  ['{"a" 1}', 1, 6],
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

test('escapes in strings are read as JSON has them', () => {
  const valid = String.raw`{"a\"\\\/\b\f\n\r\t\u00E9b": "\u0041\"x\"", "": "\\"}`
  expect(findJsonProblem(valid)).toBeNull()
  for (const text of [String.raw`"\x"`, String.raw`"\u004"`, String.raw`"\"`, '"a\tb"'])
    expect(findJsonProblem(text), text).not.toBeNull()
})
