import { expect, test } from 'vitest'
import { describeKeyRingEvent, type KeyRingEvent } from '../../src/index.ts'
import type { RingKey } from '../../src/keys/ring-keys.ts'
import { StateReports } from '../../src/ring/state-reports.ts'
import { daily, day, ringKey, stateOn } from '../support/ring-keys.ts'

/** What is reported when the ring looks at its keys on a day. */
function watch(algorithms: readonly string[] = []): (days: number, ...keys: RingKey[]) => string[] {
  const events: KeyRingEvent[] = []
  const reports = new StateReports(daily, (event) => events.push(event))
  return (days, ...keys) => {
    reports.report(stateOn(days, keys, algorithms), days * day)
    return events.splice(0).map((event) => describeKeyRingEvent(event).message)
  }
}

// S + M + K of the policy.
const most = 86_400 + 3_600 + 60
const [a, b] = [ringKey('a'), ringKey('b', { made: 90 })]
const off = (key: RingKey): RingKey => ({ ...key, enabled: false })

test('each change of a state is reported once', () => {
  const on = watch()
  expect(on(1, a)).toEqual(['key a: new → active'])
  expect(on(2, a)).toEqual([])
  expect(on(90, a, b)).toEqual(['key b: new → announced'])
  expect(on(92, a, b)).toEqual(['key b: announced → active', 'key a: active → retiring'])
  expect(on(93, a, b)).toEqual(['key a: retiring → retired'])
  expect(on(94, b)).toEqual(['key a: retired → gone'])
  expect(on(95, b)).toEqual([])
  expect(on(96, a, b)).toEqual(['key a: new → retired'])
})

test('where a key is and was is part of the event', () => {
  const events: KeyRingEvent[] = []
  const reports = new StateReports(daily, (event) => events.push(event))
  reports.report(stateOn(1, [a]), day)
  reports.report(stateOn(1, []), day)
  expect(events).toEqual([
    { type: 'state', keyId: 'a', location: 'the place of a', from: null, to: 'active' },
    { type: 'state', keyId: 'a', location: 'the place of a', from: 'active', to: null },
  ])
})

test('a key without a time of creation is reported once, unless it never signs', () => {
  const on = watch()
  const undated = ringKey('a', { made: null })
  expect(on(1, undated)).toEqual(['key a: new → active', expect.stringContaining('no creation time')])
  expect(on(2, undated)).toEqual([])
  expect(watch()(1, ringKey('b', { made: null, signs: false }))).toEqual(['key b: new → retiring'])
})

test('no key that may sign is reported once for each time that it happens', () => {
  const on = watch(['ES256'])
  expect(on(1, off(a))).toEqual(['key a: new → revoked', 'no active key for ES256'])
  expect(on(2, off(a))).toEqual([])
  expect(on(3, a)).toEqual(['key a: revoked → active'])
  expect(on(4, off(a))).toEqual(['key a: active → revoked', 'no active key for ES256'])
})

const unannounced = (seconds: number): string =>
  `the key b signs before its announcement is over: tokens may be refused for up to ${seconds} s`

test('a key that signs unannounced is an alarm, once, with the time that is left of its announcement', () => {
  const on = watch()
  expect(on(91.5, a, b)).toHaveLength(2)
  expect(on(91.75, off(a), b)).toEqual([
    'key b: announced → active',
    'key a: active → revoked',
    unannounced(0.25 * 86_400),
  ])
  expect(on(91.8, off(a), b)).toEqual([])
  expect(on(92, off(a), b)).toEqual([])
  // No longer than a JWK Set without the key can be held.
  expect(watch()(90, off(a), b)).toContain(unannounced(most))
  // In the same second it is a second.
  expect(watch()(92 - 0.5 / 86_400, off(a), b)).toContain(unannounced(1))
})

test('a key that signs again is an alarm, unless this instance has published it all the time', () => {
  const alarm = `the key a signs again although it was replaced: tokens may be refused for up to ${most} s`
  const on = watch()
  on(92.5, a, b)
  // It was retiring.
  expect(on(92.6, a, off(b))).not.toContain(alarm)
  const late = watch()
  late(94, a, b)
  expect(late(95, a, off(b))).toContain(alarm)
  expect(late(96, a, off(b))).toEqual([])
  expect(watch()(95, a, off(b))).toContain(alarm)
})

test('a key that signs because the one before it vanished is an alarm', () => {
  const alarm = `the key c signs because the previous key disappeared from its store: tokens may be refused for up to ${most} s`
  const c = ringKey('c')
  const on = watch()
  on(1, a)
  expect(on(2, c)).toEqual(['key c: new → active', 'key a: active → gone', alarm])
  expect(on(3, c)).toEqual([])
  // One that has been published is no surprise, nor is the first key.
  const published = watch()
  published(91, a, b)
  expect(published(93, b).join()).not.toContain('disappeared')
  expect(watch()(1, c)).toEqual(['key c: new → active'])
  // The one before is still there.
  const replaced = watch()
  replaced(1, a)
  expect(replaced(2, off(a), c).join()).not.toContain('disappeared')
})

test('each algorithm and shard has alarms of its own', () => {
  const on = watch(['ES256', 'Ed25519'])
  const ed = ringKey('ed', { algorithms: ['Ed25519'] })
  on(1, a, ed)
  expect(on(2, off(a), ed)).toEqual(['key a: active → revoked', 'no active key for ES256'])
  expect(on(3, off(a), off(ed))).toEqual(['key ed: active → revoked', 'no active key for Ed25519'])
})
