import { expect, test } from 'vitest'
import { formatSummary } from '../../src/report/summary.ts'
import { row } from '../support/rows.ts'

function cells(text = ''): string[] {
  return text
    .split('|')
    .slice(1, -1)
    .map((cell) => cell.trim())
}

/** The cells of the line that begins so, without what and target. */
function line(summary: string, what: string): string[] {
  const found = summary.split('\n').find((each) => each.startsWith(`| ${what}`))
  return cells(found).slice(2)
}

test('each Node has its column, what falls short is bold, and what was not measured is empty', () => {
  const summary = formatSummary([
    {
      node: '20.20.2',
      rows: [
        row({ alg: 'Ed25519', ratioToLimit: 0.894, ratioToBestPeer: 1.2 }),
        row({ alg: 'ES256', ratioToLimit: 0.9, ratioToBestPeer: 1.04 }),
        row({ name: 'jose', alg: 'ES256', ratioToLimit: 0.3, ratioToBestPeer: 0.4 }),
      ],
    },
    { node: '26.1.0', rows: [] },
  ])
  expect(cells(summary.split('\n')[0])).toEqual(['what', 'target', 'Node 20.20.2', 'Node 26.1.0'])
  expect(line(summary, 'One token ÷ `crypto.sign` alone')).toEqual(['0.90, **0.89**', ''])
  expect(line(summary, 'One token ÷ best peer')).toEqual(['**1.04**, 1.20', ''])
})

test('a pool is judged by its worst load, one at a time not counted', () => {
  const pool = { suite: 'pool', mode: 'pool' }
  const summary = formatSummary([
    {
      node: '20',
      rows: [
        row({ ...pool, alg: 'ES256 × 1', ratioToLimit: 0.3, eventLoopDelayP99: 50 }),
        row({
          ...pool,
          alg: 'ES256 × 64',
          ratioToLimit: 0.9,
          eventLoopDelayP99: 5.04,
          cpu: { main: 2.04, others: 17 },
        }),
        row({ ...pool, alg: 'ES256 × 1024', ratioToLimit: 0.95, cpu: { main: 2.06, others: 17 } }),
        row({ ...pool, alg: 'RS256 × 64', ratioToLimit: 0.97, eventLoopDelayP99: 2 }),
        row({ ...pool, mode: 'libuv', alg: 'RS256 × 64', ratioToLimit: 0.1, eventLoopDelayP99: 20 }),
      ],
    },
  ])
  expect(line(summary, 'Pool')).toEqual(['0.90'])
  expect(line(summary, 'Main thread')).toEqual(['2.0 µs, **2.1 µs**'])
  expect(line(summary, 'Event loop delay')).toEqual(['5.0'])
})

test('the vault counts with its errors, and memory with what grew most', () => {
  const summary = formatSummary([
    {
      node: '20',
      rows: [
        row({ suite: 'remote', mode: 'remote', ratioToLimit: 0.966, errors: 1 }),
        row({ suite: 'remote', name: 'sdk', mode: 'remote', ratioToLimit: 1, errors: 9000 }),
        row({ suite: 'memory', memory: { heap: [1, 1, 1, 1], resident: [1, 1, 100, 103] } }),
      ],
    },
  ])
  expect(line(summary, 'Vault')).toEqual(['0.97, **1**'])
  expect(line(summary, 'A million tokens')).toEqual(['**3.0 %**'])
})

test('the token server stands beside what a server that only signs could reach', () => {
  const rows = [
    row({ suite: 'token-server', name: 'node:http', mode: 'crypto.sign libuv', ratioToLimit: 1 }),
    row({ suite: 'token-server', name: 'token-server', ratioToLimit: 0.6, ratioToBestPeer: 3 }),
    row({ suite: 'token-server', name: 'oidc-provider', ratioToLimit: 0.2, ratioToBestPeer: 1 }),
  ]
  const older = rows.slice(1).map((each) => ({ ...each, ratioToLimit: null }))
  const summary = formatSummary([
    { node: '20', rows },
    { node: '24', rows: older },
  ])
  expect(line(summary, 'Token server')).toEqual(['**3.00 (5.00)**', '**3.00**'])
})

test('time is the inverse of a rate', () => {
  const summary = formatSummary([
    {
      node: '20',
      rows: [
        row({ mode: 'auto', opsPerSec: 40_000 }),
        row({ name: 'jose', mode: 'async', opsPerSec: 16_000 }),
        row({ suite: 'import', name: '@sealwright/jws', opsPerSec: 60, bytes: 50 }),
        row({ suite: 'import', name: 'jose', opsPerSec: 45, bytes: 100 }),
      ],
    },
  ])
  expect(line(summary, 'Wait for one ES256 token')).toEqual(['0.40'])
  expect(line(summary, 'Importing')).toEqual(['0.75, 0.50'])
})

test('a ring, a delegate and a token server are judged against the same without rotation', () => {
  const rows = [
    row({ suite: 'keyring', name: 'inline', ratioToLimit: 1 }),
    row({ suite: 'keyring', name: 'ring that rotates', ratioToLimit: 0.981 }),
    row({ suite: 'keyring', name: 'delegate', ratioToLimit: 0.94 }),
    row({ suite: 'token-server', name: 'token-server', alg: 'ES256', ratioToLimit: 0.6, ratioToBestPeer: 5 }),
    row({
      suite: 'token-server',
      name: 'token-server',
      alg: 'ES256, rotation',
      mode: 'never',
      ratioToLimit: 1,
    }),
    row({
      suite: 'token-server',
      name: 'token-server',
      alg: 'ES256, rotation',
      mode: 'every 2 s',
      ratioToLimit: 0.97,
    }),
  ]
  const summary = formatSummary([{ node: '20', rows }])
  expect(line(summary, 'Through a ring')).toEqual(['0.98, **0.94**'])
  expect(line(summary, 'Token server that rotates')).toEqual(['**0.97**'])
  expect(line(summary, 'Token server ÷')).toEqual(['5.00'])
})
