import { createJwtIssuer } from '@sealwright/jws'
import type { KeyRing } from '@sealwright/keyring'
import { errors, flattenedVerify } from 'jose'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { chooseKey } from '../src/shared/public-keys.ts'
import { openFolderRing, serve } from './support/rotation.ts'

const hour = 3_600_000

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date', 'performance'] })
})
afterEach(() => {
  vi.useRealTimers()
})

/** Two issuers with different keys, and the URL of a JWK Set that has those of one of them. */
async function makeIssuers(): Promise<{
  readonly url: URL
  readonly rings: readonly [KeyRing, KeyRing]
  /** null for an issuer that fails. */
  readonly publish: (ring: KeyRing | null) => void
  readonly reads: () => number
}> {
  const [first, second] = await Promise.all([openFolderRing('ec-p256'), openFolderRing('ec-p256')])
  let published: KeyRing | null = first.ring
  let reads = 0
  const origin = await serve(() => (_, response) => {
    reads++
    response.statusCode = published === null ? 500 : 200
    response.setHeader('content-type', 'application/jwk-set+json').end(JSON.stringify(published?.jwks()))
  })
  return {
    url: new URL(`${origin}/jwks`),
    rings: [first.ring, second.ring],
    publish: (ring) => void (published = ring),
    reads: () => reads,
  }
}

async function tokenOf(ring: KeyRing): Promise<string> {
  return createJwtIssuer(ring.signingKey(), { issuer: 'https://a.example', audience: 'a' }).issue({})
}

function choosing(choose: ReturnType<typeof chooseKey>): (token: string) => Promise<string> {
  return async (token) => {
    const [protectedHeader = '', payload = '', signature = ''] = token.split('.')
    try {
      await flattenedVerify({ protected: protectedHeader, payload, signature }, choose)
      return 'accepted'
    } catch (error) {
      return error instanceof errors.JOSEError ? error.code : String(error)
    }
  }
}

const noKey = 'ERR_JWKS_NO_MATCHING_KEY'

test.each([
  ['runs on', 0, ['accepted', noKey, 1]],
  ['is set back', -hour, ['accepted', noKey, 1]],
  ['is set ahead', hour, [noKey, 'accepted', 2]],
])('after five minutes a revoked key is refused when the clock %s', async (_, jump, before) => {
  const { url, rings, publish, reads } = await makeIssuers()
  const verify = choosing(chooseKey(url))
  const [old, next] = (await Promise.all(rings.map(tokenOf))) as [string, string]
  expect([await verify(old), await verify(old), reads()]).toEqual(['accepted', 'accepted', 1])
  publish(rings[1])
  vi.setSystemTime(Date.now() + jump)
  expect([await verify(old), await verify(next), reads()]).toEqual(before)
  vi.advanceTimersByTime(300_000)
  expect([await verify(old), await verify(next)]).toEqual([noKey, 'accepted'])
})

test('a set is read again for an unknown kid, once in 30 seconds, also after the clock is set back', async () => {
  const { url, rings, publish, reads } = await makeIssuers()
  const verify = choosing(chooseKey(url))
  const [old, next] = (await Promise.all(rings.map(tokenOf))) as [string, string]
  await verify(old)
  publish(rings[1])
  vi.setSystemTime(Date.now() - hour)
  vi.advanceTimersByTime(29_999)
  expect([await verify(next), reads()]).toEqual([noKey, 1])
  vi.advanceTimersByTime(1)
  expect([await verify(next), reads()]).toEqual(['accepted', 2])
  expect([await verify(old), reads()]).toEqual([noKey, 2])
})

test('while the issuer fails, unknown kids cause a read in 30 seconds, and known keys none', async () => {
  const { url, rings, publish, reads } = await makeIssuers()
  const verify = choosing(chooseKey(url))
  const [old, next] = (await Promise.all(rings.map(tokenOf))) as [string, string]
  await verify(old)
  publish(null)
  vi.advanceTimersByTime(30_000)
  const unavailable = errors.JOSEError.code
  expect([await verify(next), await verify(next), await verify(old), reads()]).toEqual([
    unavailable,
    unavailable,
    'accepted',
    2,
  ])
  publish(rings[1])
  vi.advanceTimersByTime(29_999)
  expect([await verify(next), reads()]).toEqual([unavailable, 2])
  vi.advanceTimersByTime(1)
  expect([await Promise.all([verify(next), verify(next)]), reads()]).toEqual([['accepted', 'accepted'], 3])
  expect([await verify(old), reads()]).toEqual([noKey, 3])
})
