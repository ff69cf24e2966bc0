import { expect, test } from 'vitest'
import { findJsonProblem } from '../../src/json/find-json-problem.ts'

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
