import { expect, test } from 'vitest'
import { describeKeyRingEvent, type KeyRingEvent } from '../../src/index.ts'

const location = 'a in ./keys'
const error = new Error('no answer')
const [keyId, date] = ['K', new Date('2030-01-02T03:04:05Z')]

test.each<[KeyRingEvent, string]>([
  [{ type: 'created', location, keyIds: ['K', 'L'] }, 'info created a new key in a in ./keys: K, L'],
  [{ type: 'state', keyId, location, from: null, to: 'active' }, 'info key K: new → active'],
  [{ type: 'state', keyId, location, from: 'active', to: 'retiring' }, 'info key K: active → retiring'],
  [{ type: 'state', keyId, location, from: 'retired', to: null }, 'info key K: retired → gone'],
  [
    { type: 'alarm', reason: 'unannounced', keyId, refusedFor: 910 },
    'error the key K signs before its announcement is over: tokens may be refused for up to 910 s',
  ],
  [
    { type: 'alarm', reason: 'reactivated', keyId, refusedFor: 910 },
    'error the key K signs again although it was replaced: tokens may be refused for up to 910 s',
  ],
  [
    { type: 'alarm', reason: 'vanished', keyId, refusedFor: 910 },
    'error the key K signs because the previous key disappeared from its store: tokens may be refused for up to 910 s',
  ],
  [{ type: 'no-signer', algorithm: null }, 'error no active key for tokens'],
  [{ type: 'no-signer', algorithm: 'ES256' }, 'error no active key for ES256'],
  [
    { type: 'cannot-announce', keyId, location },
    'warn a in ./keys: no creation time. If this key is replaced in place, the new one signs without announcement; set `createdAt`.',
  ],
  [
    { type: 'backdated', keyId, location, createdAt: date, seenAt: new Date(date.getTime() + 60_000) },
    'error the key K appeared in a in ./keys with createdAt 2030-01-02T03:04:05.000Z, earlier than the previous read; ' +
      'its announcement starts at 2030-01-02T03:05:05.000Z',
  ],
  [
    { type: 'backdated', keyId, location, createdAt: null, seenAt: date },
    'error the key K appeared in a in ./keys with createdAt unknown, earlier than the previous read; ' +
      'its announcement starts at 2030-01-02T03:04:05.000Z',
  ],
  [
    { type: 'refresh-failed', error, age: 70, maxSetAge: 600 },
    'warn the keys could not be read: no answer; the keys are 70 s old and are used for up to 600 s',
  ],
  [
    { type: 'refresh-failed', error: 'not an Error', age: null, maxSetAge: 600 },
    'warn the keys could not be read: not an Error; no keys have been read yet',
  ],
  [{ type: 'stale', age: 700 }, 'error the keys are 700 s old: nothing is signed and no JWK Set is served'],
  [
    { type: 'stale', age: null },
    'error no keys have been read yet: nothing is signed and no JWK Set is served',
  ],
  [{ type: 'jwks-failed', error }, 'error no JWK Set is served: no answer'],
  [
    { type: 'rotation-failed', location, dueAt: date, error },
    'error a new version in a in ./keys has been due since 2030-01-02T03:04:05.000Z, but creating it failed: no answer',
  ],
  [{ type: 'clock-jump', by: -40 }, 'error the system clock jumped by -40 s'],
])('%o', (event, line) => {
  const { level, message } = describeKeyRingEvent(event)
  expect(`${level} ${message}`).toBe(line)
})
