import { expect, test } from 'vitest'
import { noSigner } from '../../src/ring/no-signer.ts'
import type { RingState } from '../../src/ring/ring-state.ts'
import { day, ringKey, stateOn } from '../support/ring-keys.ts'

const span = { from: 0, until: 0 }
const because = (state: RingState, days: number, algorithm: string | null = null): unknown =>
  noSigner(algorithm, { ...span, state, otherwise: null }, days * day)

test('that keys are revoked, expired or none is said of each of them', () => {
  const keys = [
    ringKey('late', { until: 10 }),
    ringKey('off', { made: 1, enabled: false }),
    ringKey('old', { made: 2, until: 5, enabled: false }),
  ]
  expect(because(stateOn(20, keys), 20)).toMatchObject({
    code: 'UNAVAILABLE',
    message:
      'no active key for tokens: late expired on 1970-01-11T00:00:00.000Z, old is revoked, off is revoked',
  })
  // On the last day's end, not before.
  expect(because(stateOn(10, keys.slice(0, 1)), 10)).toMatchObject({
    message: expect.stringContaining('expired on'),
  })
  expect(because(stateOn(20, []), 20)).toMatchObject({
    message: 'no active key for tokens: the ring has no keys',
  })
})

test('a key that is announced is waited for', () => {
  const keys = [
    ringKey('a'),
    ringKey('b', { made: 10, algorithms: ['Ed25519'] }),
    ringKey('c', { made: 10.5, algorithms: ['Ed25519'] }),
  ]
  const state = stateOn(11, keys, ['ES256', 'Ed25519'])
  expect(because(state, 11, 'Ed25519')).toMatchObject({
    code: 'UNAVAILABLE',
    message: 'no active key for Ed25519 before 1970-01-13T00:00:00.000Z',
    retryAfter: 86_400,
  })
  expect(because(state, 12 - 0.1 / 86_400, 'Ed25519')).toMatchObject({ retryAfter: 1 })
})

test('a key that is revoked before it signs is not waited for', () => {
  const keys = [ringKey('a', { enabled: false }), ringKey('b', { made: 10, enabled: false })]
  expect(because(stateOn(11, keys), 11)).toMatchObject({
    message: 'no active key for tokens: b is revoked, a is revoked',
  })
})

test('while it is not known which key signs, as the clock was set, a caller retries soon', () => {
  const [state, otherwise] = [stateOn(10, [ringKey('a')]), stateOn(20, [ringKey('b')])]
  expect(noSigner(null, { ...span, state, otherwise }, 10 * day)).toMatchObject({
    code: 'UNAVAILABLE',
    message: 'the system clock jumped; the active key cannot be determined yet. Retry in 5 s.',
    retryAfter: 5,
  })
  // Nor is it known of the key of one shard, whatever the others have.
  const shards = stateOn(10, [ringKey('a'), ringKey('off', { shard: 'two', enabled: false })])
  expect(noSigner(null, { ...span, state: shards, otherwise }, 10 * day)).toMatchObject({ retryAfter: 5 })
  // It is not for the clock that there is none.
  const none = stateOn(
    10,
    [ringKey('a', { enabled: false }), ringKey('ed', { until: 100, algorithms: ['Ed25519'] })],
    ['ES256', 'Ed25519'],
  )
  expect(noSigner('ES256', { ...span, state: none, otherwise: none }, 10 * day)).toMatchObject({
    message: 'no active key for ES256: ed is active, a is revoked',
  })
})
