import { expect, test } from 'vitest'
import { OAuthError } from '../../src/oauth/errors.ts'

test('a description keeps to the characters of RFC 6749 §5.2', () => {
  const { error_description: description } = new OAuthError(
    'server_error',
    'a "b" \\c\r\nd é€😀\u007f~ !',
  ).toJSON()
  expect(description).toMatch(/^[\x20-\x21\x23-\x5b\x5d-\x7e]+$/)
  expect(description).toMatch(/^a \?b\? \?c\?\?d \?+~ !$/)
})
