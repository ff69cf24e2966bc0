import { expect, test } from 'vitest'
import { BearerError, readBearerToken } from '../../src/api/bearer.ts'

test.each([
  { values: [], status: 401, error: null, says: 'send an access token in the Authorization header' },
  {
    values: ['Bearer'],
    status: 400,
    error: 'invalid_request',
    says: 'the Authorization header is malformed',
  },
])('the headers $values are refused with $status', ({ values, status, error, says }) => {
  const rawHeaders = values.flatMap((value) => ['Authorization', value])
  expect(() => readBearerToken({ headers: { authorization: values[0] }, rawHeaders })).toThrow(
    expect.objectContaining({ name: 'BearerError', statusCode: status, error, message: says }),
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
