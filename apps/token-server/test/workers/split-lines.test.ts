import { expect, test } from 'vitest'
import { splitLines } from '../../src/workers/split-lines.ts'

function passedOn(chunks: readonly (string | null)[]): string[] {
  const passed: string[] = []
  const take = splitLines((lines) => passed.push(lines.toString()))
  for (const chunk of chunks) take(chunk === null ? null : Buffer.from(chunk))
  return passed
}

test.each<[string, (string | null)[], string[]]>([
  ['lines that arrive whole', ['a\nb\n', 'c\n'], ['a\nb\n', 'c\n']],
  ['a line in parts', ['a', 'b', 'c\n'], ['abc\n']],
  ['the end of one line and the beginning of another', ['a', 'b\nc', 'd\n'], ['ab\n', 'cd\n']],
  ['empty lines', ['\n\n'], ['\n\n']],
  ['what a worker had begun when it was killed', ['a\nb', null], ['a\n', 'b\n']],
  ['nothing at the end', ['a\n', null], ['a\n']],
])('passes on %s', (_what, chunks, passed) => {
  expect(passedOn(chunks)).toEqual(passed)
})

test('does not hold more than a mebibyte of a line', () => {
  const part = 'x'.repeat(600_000)
  expect(passedOn([part, part])).toEqual([`${part}${part}\n`])
})
