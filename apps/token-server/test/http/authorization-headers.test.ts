import { expect, test } from 'vitest'
import { authorizationHeaders } from '../../src/http/authorization-headers.ts'

test('every Authorization header is found, in any letters, and no value is taken for a name', () => {
  expect(authorizationHeaders([])).toEqual([])
  expect(authorizationHeaders(['Host', 'a', 'X', 'b', 'If-None-Match', 'c'])).toEqual([])
  expect(
    authorizationHeaders(['X', 'authorization', 'Authorization', 'a', 'Host', 'x', 'AUTHORIZATION', 'b']),
  ).toEqual(['a', 'b'])
})
