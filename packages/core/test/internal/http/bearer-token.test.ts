import { expect, test } from 'vitest'
import { bearerToken, type RequestHeaders } from '../../../src/internal/http/bearer-token.ts'

/** A request with these Authorization headers, as `node:http` gives it. */
const request = (...values: string[]): RequestHeaders => ({
  headers: { authorization: values[0] },
  rawHeaders: ['Host', 'a', ...values.flatMap((value) => ['authorization', value])],
})

test.each(['Bearer a.B_c-1~+/==', 'bearer a.B_c-1~+/==', 'BEARER   a.B_c-1~+/==  '])(
  'the token of the header %j is read (RFC 6750 §2.1)',
  (header) => {
    expect(bearerToken(request(header))).toEqual({ token: 'a.B_c-1~+/==' })
  },
)

test.each<{ headers: readonly string[]; problem: string | null }>([
  { headers: [], problem: null },
  { headers: ['Basic YTpi'], problem: null },
  { headers: ['x Bearer abc'], problem: null },
  { headers: ['Bearerabc'], problem: null },
  { headers: ['Bearer'], problem: 'the Authorization header is malformed' },
  { headers: ['Bearer =abc'], problem: 'the Authorization header is malformed' },
  { headers: ['Bearer a,Bearer b'], problem: 'the Authorization header is malformed' },
  {
    headers: ['Bearer abc', 'Bearer abc'],
    problem: 'the request has more than one Authorization header',
  },
])('the headers $headers have no token: $problem', ({ headers, problem }) => {
  expect(bearerToken(request(...headers))).toEqual({ token: null, problem })
})
