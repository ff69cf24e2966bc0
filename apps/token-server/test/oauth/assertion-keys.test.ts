import { expect, test } from 'vitest'
import { createKeyFinder } from '../../src/oauth/assertion-keys.ts'
import { ecKey, rsaJwk } from '../support/assertion.ts'

const kids = await createKeyFinder({
  keys: [ecKey({ kid: 'a' }).jwk, ecKey({ kid: 'b' }).jwk, { ...rsaJwk(), kid: 'b' }],
})

test.each([
  [{ alg: 'ES256', kid: 'a' }, 'key'],
  [{ alg: 'RS256', kid: 'b' }, 'key'],
  [{ alg: 'PS384' }, 'key'],
  [{ alg: 'ES256' }, 'several'],
  [{ alg: 'ES256', kid: 'c' }, 'none'],
  [{ alg: 'RS256', kid: 'a' }, 'none'],
  [{ alg: 'ES384', kid: 'a' }, 'none'],
  [{ alg: 'none' }, 'none'],
  [{ alg: 'ES256', kid: ['a'] }, 'none'],
  [{ alg: 'ES256', kid: null }, 'none'],
])('%j finds %s', (header, found) => {
  const key = kids(header)
  expect(typeof key === 'string' ? key : 'key').toBe(found)
})

test('three keys that fit are several, too', async () => {
  const find = await createKeyFinder({ keys: [ecKey().jwk, ecKey().jwk, ecKey().jwk] })
  expect(find({ alg: 'ES256' })).toBe('several')
  // A header without a kid may be for a key without one.
  expect(find({ alg: 'ES256', kid: 'a' })).toBe('none')
})

test('a key has the algorithms of its JWK', async () => {
  const find = await createKeyFinder({ keys: [{ ...rsaJwk(), alg: 'PS256' }] })
  expect(typeof find({ alg: 'PS256' })).toBe('object')
  expect(find({ alg: 'RS256' })).toBe('none')
  const key = find({ alg: 'PS256' })
  expect(typeof key === 'string' ? null : key.algorithm).toMatchObject({ name: 'RSA-PSS' })
})

test('a key may be for more than verifying', async () => {
  const find = await createKeyFinder({ keys: [ecKey({ key_ops: ['sign', 'verify'] }).jwk] })
  expect(find({ alg: 'ES256' })).toMatchObject({ usages: ['verify'] })
})
