import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { scratchFolder } from '@sealwright/test-kit/folders'
import { describe, expect, test } from 'vitest'
import { maximumLineLength } from '../../src/format/lines.ts'
import { readLines, Splitter, unreadable } from '../../src/verifier/read-lines.ts'

type Line = readonly [number: number, text: string, isWhole: boolean]

function split(chunks: readonly Buffer[]): Line[] {
  const lines: Line[] = []
  const splitter = new Splitter(({ number, bytes, isWhole }) => lines.push([number, String(bytes), isWhole]))
  for (const chunk of chunks) splitter.add(chunk)
  splitter.end()
  return lines
}

describe('lines', () => {
  test('are the same wherever the chunks end', () => {
    const text = Buffer.from('a\n\nbcd\ne')
    for (let first = 0; first <= text.length; first++) {
      for (let second = first; second <= text.length; second++) {
        const chunks = [text.subarray(0, first), text.subarray(first, second), text.subarray(second)]
        expect(split(chunks)).toEqual([
          [1, 'a', true],
          [2, '', true],
          [3, 'bcd', true],
          [4, 'e', false],
        ])
      }
    }
    expect(split([Buffer.from('a\n')])).toEqual([[1, 'a', true]])
    expect(split([])).toEqual([])
  })

  test('that are too long are cut, and the next one is whole again', () => {
    const longest = 'x'.repeat(maximumLineLength)
    const text = Buffer.from(`${longest}\n${longest}y\nz\n`)
    for (const chunks of [[text], [text.subarray(0, 7), text.subarray(7, 100_000), text.subarray(100_000)]]) {
      expect(split(chunks)).toEqual([
        [1, longest, true],
        [2, longest, false],
        [3, 'z', true],
      ])
    }
  })
})

test('so many bytes of a file are read', async () => {
  const path = join(scratchFolder(), 'file')
  writeFileSync(path, 'ab\ncd\n')
  const read = async (bytes?: number): Promise<string[]> => {
    const lines: string[] = []
    await readLines(path, ({ bytes: line }) => lines.push(String(line)), bytes)
    return lines
  }
  expect([await read(), await read(3), await read(4)]).toEqual([['ab', 'cd'], ['ab'], ['ab', 'c']])
})

test.each([
  [Object.assign(new Error('no'), { code: 'ENOENT' }), 'NOT_FOUND', '/audit: no such file or folder'],
  [Object.assign(new Error('no'), { code: 'EACCES' }), 'ACCESS_DENIED', '/audit cannot be read (EACCES)'],
  [Object.assign(new Error('no'), { code: 'EPERM' }), 'ACCESS_DENIED', '/audit cannot be read (EPERM)'],
  [Object.assign(new Error('no'), { code: 'EIO' }), 'UNAVAILABLE', '/audit cannot be read (EIO)'],
  [new Error('no code'), 'UNAVAILABLE', '/audit cannot be read (Error: no code)'],
  ['text', 'UNAVAILABLE', '/audit cannot be read (text)'],
])('%o is %s', (cause, code, message) => {
  expect(unreadable('/audit', cause)).toMatchObject({ code, message, cause })
})
