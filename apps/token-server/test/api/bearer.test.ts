import { expect, test } from 'vitest'
import { BearerError, readBearerToken } from '../../src/api/bearer.ts'

test.each(['Bearer a.B_c-1~+/==', 'bearer a.B_c-1~+/==', 'BEARER   a.B_c-1~+/==  '])(
  'the token of the header %j is read (RFC 6750 §2.1)',
  (header) => {
    expect(readBearerToken([header])).toBe('a.B_c-1~+/==')
  },
)

test.each([
  { headers: [], status: 401, error: null, says: /^send an access token/ },
  { headers: ['Basic YTpi'], status: 401, error: null, says: /^send an access token/ },
  { headers: ['x Bearer abc'], status: 401, error: null, says: /^send an access token/ },
  { headers: ['Bearer'], status: 400, error: 'invalid_request', says: /is malformed$/ },
  { headers: ['Bearer =abc'], status: 400, error: 'invalid_request', says: /is malformed$/ },
  { headers: ['Bearer a,Bearer b'], status: 400, error: 'invalid_request', says: /is malformed$/ },
  { headers: ['Bearer abc', 'Bearer abc'], status: 400, error: 'invalid_request', says: /more than one/ },
])('the headers $headers are refused with $status', ({ headers, status, error, says }) => {
  expect(() => readBearerToken(headers)).toThrow(
    expect.objectContaining({
      name: 'BearerError',
      statusCode: status,
      error,
      message: expect.stringMatching(says) as unknown,
    }),
  )
})

test('a refusal tells in its challenge and in its body what the client is to know', () => {
  const refused = new BearerError(403, 'insufficient_scope', 'the "scope" is missing', 'api1')
  expect(refused.challenge).toBe(
    'Bearer realm="api", error="insufficient_scope", error_description="the ?scope? is missing", scope="api1"',
  )
  expect(refused.toJSON()).toEqual({
    error: 'insufficient_scope',
    error_description: 'the ?scope? is missing',
  })
  const unauthenticated = new BearerError(401, null, 'send a token')
  expect(unauthenticated.challenge).toBe('Bearer realm="api"')
  expect(unauthenticated.toJSON()).toEqual({ error_description: 'send a token' })
})
