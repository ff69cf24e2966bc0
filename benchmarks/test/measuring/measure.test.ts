import { expect, test } from 'vitest'
import { measure, toRows, type Contestant } from '../../src/measuring/measure.ts'

const limit = { name: 'raw', mode: 'sync', role: 'limit' } as const
const own = { name: 'own', mode: 'sync', role: 'own' } as const
const slowPeer = { name: 'slow', mode: 'sync', role: 'peer' } as const
const quickPeer = { name: 'quick', mode: 'async', role: 'peer' } as const
const reference = { name: 'nothing', mode: 'sync', role: 'reference' } as const

test('ratios are the medians of each round, to the fastest limit and the fastest peer', () => {
  const rows = toRows(
    'jws',
    'ES256',
    [{ ...limit, name: 'slower raw' }, limit, own, slowPeer, quickPeer],
    // The machine was half as fast in the second round, which moves no ratio.
    [
      [50, 25, 50],
      [100, 50, 100],
      [90, 45, 90],
      [10, 5, 10],
      [60, 30, 60],
    ],
  )
  expect(rows.map(({ ratioToLimit }) => ratioToLimit)).toEqual([0.5, 1, 0.9, 0.1, 0.6])
  expect(rows.map(({ ratioToBestPeer }) => ratioToBestPeer)).toEqual([null, null, 1.5, 10 / 60, 1])
  expect(rows[2]).toMatchObject({ suite: 'jws', alg: 'ES256', name: 'own', mode: 'sync', opsPerSec: 90 })
})

test('without a limit or a peer there is no ratio', () => {
  const [row] = toRows('x', 'ES256', [own], [[1, 2, 3]])
  expect(row).toMatchObject({ opsPerSec: 2, ratioToLimit: null, ratioToBestPeer: null })
})

test('nothing is compared with a reference', () => {
  const rows = toRows('x', 'ES256', [reference, limit, own, slowPeer], [[1000], [100], [90], [45]])
  expect(rows.map(({ ratioToLimit }) => ratioToLimit)).toEqual([10, 1, 0.9, 0.45])
  expect(rows.map(({ ratioToBestPeer }) => ratioToBestPeer)).toEqual([null, null, 2, 1])
})

test('contestants take turns, each round beginning with another, after all have warmed up', async () => {
  const log: string[] = []
  const contestant = (name: string): Contestant => ({
    ...own,
    name,
    minimum: 2,
    run(count) {
      expect(count).toBeGreaterThanOrEqual(2)
      log.push(name)
    },
    onWarm: () => log.push(`${name} is warm`),
  })
  await measure('x', 'ES256', ['a', 'b', 'c'].map(contestant), { rounds: 3, turns: 2, turn: 0.01 })
  const warm = log.indexOf('c is warm')
  expect(log.slice(warm - 2, warm)).toEqual(['a is warm', 'b is warm'])
  expect(log.slice(warm + 1).join('')).toBe('abcabcbcabcacabcab')
})
