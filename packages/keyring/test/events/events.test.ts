import { expect, test } from 'vitest'
import { describeKeyRingEvent } from '../../src/index.ts'

const location = 'a in ./keys'

test.each([
  [{ type: 'state', keyId: 'K', location, from: null, to: 'active' }, 'key K: new → active'],
  [{ type: 'state', keyId: 'K', location, from: 'active', to: 'retiring' }, 'key K: active → retiring'],
  [{ type: 'state', keyId: 'K', location, from: 'retired', to: null }, 'key K: retired → gone'],
  [
    { type: 'cannot-announce', keyId: 'K', location },
    'a in ./keys: no creation time. If this key is replaced in place, the new one signs without announcement; set `createdAt`.',
  ],
  [{ type: 'stale', age: 700 }, 'the keys are 700 s old: nothing is signed and no JWK Set is served'],
  [
    { type: 'refresh-failed', error: new Error('no answer'), age: 70, maxSetAge: 600 },
    'the keys could not be read: no answer; the keys are 70 s old and are used for up to 600 s',
  ],
] as const)('%o', (event, message) => {
  expect(describeKeyRingEvent(event).message).toBe(message)
})
