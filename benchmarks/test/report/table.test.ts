import { expect, test } from 'vitest'
import { alignTable, formatTable } from '../../src/report/table.ts'
import { row } from '../support/rows.ts'

test('text is aligned to the left, numbers to the right', () => {
  const lines = alignTable(
    [
      ['name', 'n'],
      ['a', '1'],
      ['longer', '1,000'],
    ],
    1,
  )
  expect(lines).toBe(
    ['| name   |     n |', '| ------ | ----: |', '| a      |     1 |', '| longer | 1,000 |'].join('\n'),
  )
})

test('rows have the columns that one of them has something for', () => {
  const table = formatTable([
    row({ name: 'crypto.sign', opsPerSec: 51_234.4, ratioToLimit: 1 }),
    row({ opsPerSec: 45.678, spread: 0.034, ratioToLimit: 0.914, ratioToBestPeer: 1.256, errors: 0 }),
  ])
  expect(table.split('\n').map((line) => line.replaceAll(/ +/g, ' '))).toEqual([
    '| alg | name | mode | per second | ± | ÷ limit | ÷ best peer | errors |',
    expect.stringMatching(/^\| -+ \| -+ \| -+ \| -+: \| -+: \| -+: \| -+: \| -+: \|$/),
    '| ES256 | crypto.sign | sync | 51,234 | 1.0 % | 1.00 | | |',
    '| ES256 | sealwright | sync | 45.7 | 3.4 % | 0.91 | 1.26 | 0 |',
  ])
})

test('each optional column has its unit', () => {
  const [head, , line] = formatTable([
    row({
      eventLoopDelayP99: 2.345,
      bytes: 61_816,
      latency: { median: 165.91, p99: 316.3 },
      throttled: 9189,
      cpu: { main: 25.04, others: 12.3 },
      memory: {
        heap: [9, 9, 5, 5].map((size) => size * 2 ** 20),
        resident: [60, 60, 99, 101].map((n) => n * 2 ** 20),
      },
    }),
  ]).split('\n')
  const byHead = Object.fromEntries(cells(head).map((name, index) => [name, cells(line)[index]]))
  expect(byHead).toMatchObject({
    'loop delay p99': '2.3 ms',
    bytes: '61,816',
    latency: '165.9 ms',
    'latency p99': '316.3 ms',
    '429s': '9,189',
    'main thread': '25.0 µs',
    'other threads': '12.3 µs',
    heap: '5.0 MiB',
    'heap growth': '0.0 %',
    RSS: '101.0 MiB',
    'RSS growth': '2.0 %',
  })
})

function cells(text = ''): string[] {
  return text.split('|').map((cell) => cell.trim())
}
