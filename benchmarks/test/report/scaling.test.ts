import { expect, test } from 'vitest'
import { scale, scalingTable } from '../../src/report/scaling.ts'
import { row } from '../support/rows.ts'

test('where signing is cheap, there are nearly as many instances as cores', () => {
  const cpu = { main: 30, others: 10 }
  expect(scale(cpu, 1)).toEqual({ cores: 1, instances: 1, tokensPerSec: 25_000 })
  expect(scale(cpu, 8)).toEqual({ cores: 8, instances: 6, tokensPerSec: 200_000 })
})

test('where it is dear, one instance keeps several cores busy', () => {
  const cpu = { main: 25, others: 225 }
  expect(scale(cpu, 8)).toEqual({ cores: 8, instances: 1, tokensPerSec: 32_000 })
  expect(scale(cpu, 16)).toEqual({ cores: 16, instances: 2, tokensPerSec: 64_000 })
})

test('the table is computed from one instance on all cores, and empty where its processor time is not known', () => {
  const rows = [
    row({ mode: '1 instance on 1 core', cpu: { main: 1, others: 1 } }),
    row({ mode: '1 instance', cpu: { main: 30, others: 10 } }),
    row({ mode: '1 instance', alg: 'RS256', cpu: { main: 25, others: 225 } }),
  ]
  const lines = scalingTable(rows)
    .split('\n')
    .filter((line) => line.startsWith('|'))
    .map((line) => line.replaceAll(/[| ]+/g, ' ').trim())
  expect(lines).toContain('8 200,000 6 32,000 1')
  expect(lines).toHaveLength(2 + 5)
  expect(scalingTable([row({ mode: '1 instance' })])).toBe('')
})
