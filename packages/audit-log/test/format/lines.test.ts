import { describe, expect, test } from 'vitest'
import { fragment, parseLine } from '../../src/format/lines.ts'

const time = '2026-11-26T12:00:00.000Z'
const stream = '20261126T120000Z-0123456789abcdef'
const hash = 'A'.repeat(43)
const head = { sequence: 2, chain: hash }

const token = { sequence: 1, time, jti: 'j', kid: 'k', client_id: 'c', digest: hash }
const open = {
  sequence: 1,
  time,
  event: 'open',
  version: 1,
  stream,
  file: 1,
  previous: null,
  host: 'h',
  pid: 7,
  seal_interval: 10,
  seen: [],
}
const mark = { sequence: 1, time, event: 'mark' }
const seal = { sequence: 1, time, event: 'seal', jws: 'x', jwk: {} }

const seenOf = (length: number): unknown => Array.from({ length }, () => ({ stream, ...head }))

describe('a line that the writer could have written', () => {
  test.for<[string, object]>([
    ['a token', token],
    ['a token with long names', { ...token, jti: 'x'.repeat(1024), kid: 'ä', client_id: ' ' }],
    ['the first line of a stream', open],
    ['the first line of a later file', { ...open, previous: { file: 1, ...head } }],
    ['seals at the longest interval', { ...open, seal_interval: 3600 }],
    ['many other streams', { ...open, seen: seenOf(100) }],
    ['a mark', mark],
    ['the end of a stream', { ...mark, event: 'close' }],
    ['a seal', seal],
  ])('%s', ([, line]) => {
    expect(parseLine(JSON.stringify(line))).toEqual(line)
    const last = { ...line, chain: hash }
    expect(parseLine(JSON.stringify(last))).toEqual(last)
  })
})

/** Values that a member cannot have, some of which are right once they are made a string. */
const wrong: readonly [object, string, readonly unknown[]][] = [
  [token, 'sequence', [0, -1, 1.5, '1', null]],
  [token, 'time', [[time], `${time}x`, `x${time}`, '2026-11-26', 7]],
  // There is no such time, or it is written in another way.
  [token, 'time', ['2026-13-01T00:00:00.000Z', '2026-02-30T12:00:00.000Z', '2026-11-26T24:00:00.000Z']],
  [token, 'time', ['2026-11-26T12:00:00Z', '2026-11-26T12:00:00.000+00:00', '+012026-11-26T12:00:00.000Z']],
  [token, 'jti', ['', 'x'.repeat(1025), ['j'], 7]],
  [token, 'kid', ['', null]],
  [token, 'client_id', ['', null]],
  [token, 'digest', [[hash], `${hash}A`, hash.slice(1), `${hash}=`, null]],
  [open, 'version', [2, '1']],
  [open, 'stream', [[stream], 'x', `${stream}x`]],
  [open, 'file', [0]],
  [open, 'previous', [7, {}, [], { file: 1 }, { file: 0, ...head }, { file: 1, ...head, more: 1 }]],
  [open, 'host', [7, ['h']]],
  [open, 'pid', [0]],
  [open, 'seal_interval', [0, 3601]],
  [open, 'seen', [{}, { length: 0 }, [{}], [null], seenOf(101)]],
  [mark, 'event', ['other', 'constructor', ['mark'], null]],
  [{ ...mark, chain: hash }, 'chain', ['', [hash], null]],
  [seal, 'jws', [['x'], null]],
  [seal, 'jwk', ['x', [], null]],
]

describe('no line has', () => {
  test.each(wrong)('%j with another %s: %j', (line, member, values) => {
    for (const value of values) {
      expect(parseLine(JSON.stringify({ ...line, [member]: value })), JSON.stringify(value)).toBeNull()
    }
  })

  test.each([token, open, mark, seal])('%j with a member more, less, or in another place', (line) => {
    expect(parseLine(JSON.stringify({ ...line, more: 1 }))).toBeNull()
    const [first, ...others] = Object.entries(line)
    expect(parseLine(JSON.stringify(Object.fromEntries(others)))).toBeNull()
    expect(parseLine(JSON.stringify({ ...Object.fromEntries(others), sequence: first?.[1] }))).toBeNull()
  })

  test.each([
    ['a space', `${JSON.stringify(mark)} `],
    ['a member twice', JSON.stringify(mark).replace('{', '{"sequence":1,')],
    ['no text', ''],
    ['null', 'null'],
    ['an array', '[]'],
    ['a string', '"x"'],
  ])('%s', (_, text) => {
    expect(parseLine(text)).toBeNull()
  })
})

test('a fragment has the members of a line without the braces', () => {
  expect(fragment({ jti: 'j', kid: 'k' })).toBe('"jti":"j","kid":"k"')
})
