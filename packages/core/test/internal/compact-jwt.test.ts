import { expect, test } from 'vitest'
import { jwtHeader, jwtProblem } from '../../src/internal/compact-jwt.ts'

const encode = (text: string): string => Buffer.from(text).toString('base64url')
const jwt = (header: string, claims = '{}', signature = 'AA'): string =>
  `${encode(header)}.${encode(claims)}.${signature}`

test('a JWT with one reading has no problem', () => {
  for (const good of [jwt('{}'), jwt(' {"a":{"a":1}} ', '{"b":[{"a":1},{"a":2}]}'), jwt('{}', '{}', '')])
    expect(jwtProblem(good), good).toBeNull()
})

test.each([
  '',
  'e30.e30',
  'e30.e30.AA.',
  'e30=.e30.AA',
  'e30.e30.AA==',
  'e30.e30.AB',
  'e30.e30.A+',
  'e30.e30.AA\n',
  ' e30.e30.AA',
])('%j is not a JWT', (text) => {
  expect(jwtProblem(text)).toBe('not a JWT')
})

test.each([
  '',
  '[]',
  'null',
  '"a"',
  '{"a":1,"a":2}',
  '{"x":{"a":1,"\\u0061":2}}',
  '{"a":1}}',
  '\uFEFF{}',
  '{',
])('the header and the claims %j are ambiguous', (text) => {
  expect([jwtProblem(jwt(text)), jwtProblem(jwt('{}', text))]).toEqual(['ambiguous', 'ambiguous'])
})

test('bytes that are not UTF-8 are ambiguous', () => {
  const latin1 = Buffer.from('{"a":"é"}', 'latin1').toString('base64url')
  expect(jwtProblem(`e30.${latin1}.AA`)).toBe('ambiguous')
})

test('the header can be read', () => {
  expect(jwtHeader(jwt('{"alg":"ES256","typ":"JWT"}'))).toEqual({ alg: 'ES256', typ: 'JWT' })
})
