import { expect, test } from 'vitest'
import { invalidClient, invalidRequest, OAuthError, tooManyRequests } from '../../src/oauth/errors.ts'

test('a description keeps to the characters of RFC 6749 §5.2', () => {
  const { error_description: description } = new OAuthError(
    'server_error',
    'a "b" \\c\r\nd é€😀\u007f~ !',
  ).toJSON()
  expect(description).toMatch(/^[\x20-\x21\x23-\x5b\x5d-\x7e]+$/)
  expect(description).toMatch(/^a \?b\? \?c\?\?d \?+~ !$/)
})

test('the reason for the log is the description, unless the client must not be told', () => {
  const cause = new Error('the reason of the reason')
  expect(invalidRequest('a parameter is missing')).toMatchObject({
    name: 'OAuthError',
    error: 'invalid_request',
    message: 'a parameter is missing',
    reason: 'a parameter is missing',
    statusCode: 400,
    headers: {},
    clientId: undefined,
  })
  expect(invalidRequest('a parameter is missing')).not.toHaveProperty('cause')
  expect(
    invalidClient('authentication failed', { reason: 'the secret is wrong', clientId: 'client', cause }),
  ).toMatchObject({
    error: 'invalid_client',
    message: 'authentication failed',
    reason: 'the secret is wrong',
    statusCode: 401,
    clientId: 'client',
    cause,
  })
})

test('a limit says in how many whole seconds a request may be accepted again', () => {
  const error = tooManyRequests('there are too many requests', 1_001, { clientId: 'client' })
  expect(error).toMatchObject({
    statusCode: 429,
    headers: { 'retry-after': '2' },
    reason: 'there are too many requests',
    clientId: 'client',
  })
  expect(error.toJSON()).toEqual({
    error: 'temporarily_unavailable',
    error_description: 'there are too many requests; retry after 2 seconds',
  })
})
