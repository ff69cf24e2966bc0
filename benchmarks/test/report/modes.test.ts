import { expect, test } from 'vitest'
import { formatModes } from '../../src/report/modes.ts'
import { row } from '../support/rows.ts'

test('a row for each load, a column for each mode, and what was not measured left empty', () => {
  const own = { suite: 'pool', name: 'sealwright' }
  const rows = [
    row({ ...own, alg: 'ES256 × 1', mode: 'inline', opsPerSec: 54_321 }),
    row({ ...own, alg: 'ES256 × 64', mode: 'pool', opsPerSec: 98_765, eventLoopDelayP99: 2.34 }),
    row({ suite: 'pool', name: 'jose', alg: 'ES256 × 64', mode: 'async' }),
    row({ suite: 'jws', name: 'sealwright', alg: 'ES256', mode: 'auto' }),
  ]
  const cells = formatModes(rows)
    .split('\n')
    .map((line) =>
      line
        .split('|')
        .map((cell) => cell.trim())
        .slice(1, -1),
    )
  expect(cells).toEqual([
    ['', '`inline`', '`libuv`', '`pool`', '`auto`'],
    expect.anything(),
    ['ES256 × 1', '54,321', '', '', ''],
    ['ES256 × 64', '', '', '98,765 (2.3 ms)', ''],
  ])
})
