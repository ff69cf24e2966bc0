import { SealwrightError } from '@sealwright/core'
import { describe, expect, test } from 'vitest'
import { respondWith, respondWithJwks } from '../../src/ring/jwks-response.ts'

const jwks = { keys: [], body: '{"keys":[]}', etag: '"a"' }

const failing = (error: unknown) =>
  respondWithJwks(
    () => {
      throw error
    },
    300,
    '*',
  )

describe('a JWK Set that cannot be made', () => {
  test.each([
    ['after the time that the error says', new SealwrightError('UNAVAILABLE', 'old', { retryAfter: 2 }), '2'],
    ['in 5 s', new SealwrightError('LIMIT_EXCEEDED', 'too many keys'), '5'],
    ['in 5 s, also for an error of an alias', new TypeError('aliases is broken'), '5'],
  ])('is asked for again %s, and no cache keeps the answer', (_name, error, seconds) => {
    expect(failing(error)).toEqual({
      status: 503,
      headers: { 'access-control-allow-origin': '*', 'cache-control': 'no-store', 'retry-after': seconds },
      body: '',
    })
  })
})

const answer = (ifNoneMatch: string | undefined) => respondWithJwks(() => jwks, 300, ifNoneMatch).status

describe('a client that has a document', () => {
  test.each(['"a"', 'W/"a"', '*', '"b","a"', '"b" ,  W/"a"  '])('names it: %s', (tag) => {
    expect(answer(tag)).toBe(304)
  })

  test.each([undefined, '', '"b"', 'a', '"a', '"a" "b"', 'w/"a"'])('does not: %s', (tag) => {
    expect(answer(tag)).toBe(200)
  })
})

const tagOf = (body: string) =>
  respondWith(body, { type: 'text/plain', maxAge: 60 }, undefined).headers['etag']

test('a document without a tag gets one of its text', () => {
  expect(tagOf('a')).toMatch(/^"[\w-]{43}"$/)
  expect(tagOf('a')).toBe(tagOf('a'))
  expect(tagOf('a')).not.toBe(tagOf('b'))
})
