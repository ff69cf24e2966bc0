import { expect, test } from 'vitest'
import { drawChart } from '../../src/report/chart.ts'
import { row } from '../support/rows.ts'

test('a bar is as long as its share of the limit, and names are escaped', () => {
  const svg = drawChart([
    row({ name: 'crypto.sign', ratioToLimit: 1 }),
    row({ ratioToLimit: 0.5, ratioToBestPeer: 1.2 }),
    row({ name: 'a<b&c', ratioToLimit: 0.25, ratioToBestPeer: 0.6 }),
  ])
  const widths = [...svg.matchAll(/<rect x="\d+" y="\d+" width="(\d+)"/g)].map(([, width]) => Number(width))
  expect(widths).toHaveLength(2)
  expect(widths[0]).toBe(2 * (widths[1] ?? 0))
  expect(svg).toContain('>a&lt;b&amp;c, sync<')
  expect(svg).not.toContain('crypto.sign')
  const line = /<line x1="(\d+)"/.exec(svg)?.[1]
  const start = /<rect x="(\d+)"/.exec(svg)?.[1]
  expect(Number(line) - Number(start)).toBe(2 * (widths[0] ?? 0))
})
