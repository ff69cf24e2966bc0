import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { chainPlaceholder, finishBatch, nextChain, splitChain } from '../../src/format/chain.ts'

const member = `,"chain":"${'A'.repeat(43)}"}`

test('a batch ends with the hash of the chain value before it and its own bytes', () => {
  const batch = Buffer.from(`{"a":1}\n{"b":2${chainPlaceholder}\n`)
  const chain = createHash('sha256').update('before{"a":1}\n{"b":2').digest('base64url')
  expect(finishBatch('before', batch)).toBe(chain)
  expect(String(batch)).toBe(`{"a":1}\n{"b":2,"chain":"${chain}"}\n`)
  expect(nextChain('before').update('{"a":1}\n{"b":2').digest('base64url')).toBe(chain)
})

test('a line that ends a batch is taken apart', () => {
  expect(splitChain(Buffer.from(`{"a":1${member}`))).toEqual({
    body: Buffer.from('{"a":1'),
    chain: 'A'.repeat(43),
  })
})

test.each([
  ['without a chain value', '{"a":1}'],
  ['of nothing else', member],
  ['in which it is not the last member', `{"a":1${member.slice(0, -1)},"b":2}`],
  ['in which it is too short', `{"a":1${member.replace('AA', 'A')}`],
  ['in which it is not base64url', `{"a":1${member.replace('A', '+')}`],
  ['in which something follows', `{"a":1${member} `],
])('a line %s ends none', (_, line) => {
  expect(splitChain(Buffer.from(line))).toBeNull()
})
