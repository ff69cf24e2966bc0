import { expect, test } from 'vitest'
import {
  formatFileName,
  groupByStream,
  isStream,
  newStream,
  parseFileName,
} from '../../src/format/file-names.ts'

const stream = '20261126T120000Z-0123456789abcdef'

test('a stream is named by the time in UTC and random bits', () => {
  const now = new Date('2026-11-26T12:00:00.123Z')
  const [first, second] = [newStream(now), newStream(now)]
  expect(first).toMatch(/^20261126T120000Z-[0-9a-f]{16}$/)
  expect(second).not.toBe(first)
  expect([first, second].every(isStream)).toBe(true)
})

test.each([[[stream]], [`${stream}0`], [` ${stream}`], [stream.toUpperCase()], [undefined]])(
  '%j names no stream',
  (value) => {
    expect(isStream(value)).toBe(false)
  },
)

test.each([
  [1, `audit-${stream}.000001.jsonl`],
  [999_999, `audit-${stream}.999999.jsonl`],
  [1_000_000, `audit-${stream}.1000000.jsonl`],
])('the file %i has a name of its own', (number, name) => {
  expect(formatFileName({ stream, number })).toBe(name)
  expect(parseFileName(name)).toEqual({ stream, number })
})

test.each([
  `audit-${stream}.000000.jsonl`,
  `audit-${stream}.0000001.jsonl`,
  `audit-${stream}.00001.jsonl`,
  `audit-${stream}.1234567890.jsonl`,
  `audit-${stream}.000001.jsonl.gz`,
  `x-audit-${stream}.000001.jsonl`,
  `audit-${stream}_000001_jsonl`,
  'audit-x.000001.jsonl',
  'README.md',
])('%s is not a file of the log', (name) => {
  expect(parseFileName(name)).toBeNull()
})

test('files are grouped by stream, and both are in order', () => {
  const later = '20270101T000000Z-0000000000000000'
  const names = [
    ...[2, 10, 1].map((number) => formatFileName({ stream: later, number })),
    'README.md',
    ...[3, 1, 2].map((number) => formatFileName({ stream, number })),
  ]
  for (const order of [names, names.toReversed()]) {
    const groups = [...groupByStream(order)]
    expect(groups.map(([name, files]) => [name, files.map(({ number }) => number)])).toEqual([
      [stream, [1, 2, 3]],
      [later, [1, 2, 10]],
    ])
  }
})
