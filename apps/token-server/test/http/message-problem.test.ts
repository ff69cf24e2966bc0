import { expect, test } from 'vitest'
import { messageProblem } from '../../src/http/message-problem.ts'

/** A request of HTTP/1.1 with these header fields, as Node presents it. */
function problem(fields: readonly (readonly [string, string])[], httpVersionMajor = 1): number | null {
  const headers: Record<string, string> = {}
  for (const [name, value] of fields) headers[name.toLowerCase()] ??= value
  return messageProblem({ headers, httpVersionMajor, rawHeaders: fields.flat() })?.statusCode ?? null
}

/** What the client is told of a request. */
function descriptionOf(
  headers: Readonly<Record<string, string>>,
  rawHeaders: readonly string[],
  httpVersionMajor = 1,
): string | undefined {
  return messageProblem({ headers, httpVersionMajor, rawHeaders: [...rawHeaders] })?.description
}

test('each problem is told to the client and the log', () => {
  expect([
    descriptionOf({}, [], 2),
    descriptionOf({}, Array<string>(202).fill('x')),
    descriptionOf({ host: 'a/b' }, ['Host', 'a/b']),
    descriptionOf({ 'transfer-encoding': 'chunked', 'content-length': '1' }, []),
    descriptionOf({ 'transfer-encoding': '' }, []),
    descriptionOf({ 'transfer-encoding': 'gzip, chunked' }, []),
  ]).toEqual([
    'the HTTP version is not supported',
    'the request has more than 100 header fields',
    'the Host header is invalid, or there is more than one',
    'the request has both Content-Length and Transfer-Encoding',
    'the Transfer-Encoding is empty',
    'the only supported Transfer-Encoding is chunked',
  ])
})

const host = ['Host', 'localhost'] as const
const many = (count: number): [string, string][] => Array.from({ length: count }, () => ['X', 'a'])

test('a request with at most 100 header fields is in order', () => {
  expect(problem([host])).toBeNull()
  expect(problem([host, ...many(99)])).toBeNull()
  expect(problem([host, ...many(100)])).toBe(431)
})

test('only HTTP/1 is supported', () => {
  expect([0, 2].map((major) => problem([host], major))).toEqual([505, 505])
})

test.each([
  'localhost',
  'localhost:5001',
  'LOCALHOST:',
  'id.example.com',
  '127.0.0.1:80',
  '[::1]',
  '[::1]:5001',
  'a_b~c',
  'a%20b',
  '',
])('the Host %j is in order', (value) => {
  expect(problem([['Host', value]])).toBeNull()
})

test.each([
  'a/b',
  'a@b',
  'a, b',
  'a b',
  'a:b',
  'a:1:2',
  '[::1',
  '::1',
  '[x]',
  '[::1]x',
  'é',
  'a\\b',
  'a?b',
  'a#b',
])('the Host %j is refused', (value) => {
  expect(problem([['Host', value]])).toBe(400)
})

test('a body with a length is in order', () => {
  expect(problem([host, ['Content-Length', '1']])).toBeNull()
})

test('there may be one Host, or none', () => {
  expect(problem([])).toBeNull()
  expect(problem([host, ['X', 'a'], ['hOST', 'localhost']])).toBe(400)
  // A value is not a name.
  expect(problem([host, ['X', 'host'], ['Hosts', 'a'], ['Xost', 'a']])).toBeNull()
})

test.each([
  ['chunked', null],
  ['Chunked', null],
  ['', 400],
  ['gzip, chunked', 501],
  ['gzip,CHUNKED', 501],
  ['gzip\tchunked', 501],
  // The parser refuses them.
  ['gzip', null],
  ['chunked, gzip', null],
  ['gzip, chunked, gzip', null],
])('Transfer-Encoding: %s: %s', (coding, status) => {
  expect(problem([host, ['Transfer-Encoding', coding]])).toBe(status)
  expect(problem([host, ['Transfer-Encoding', coding], ['Content-Length', '1']])).toBe(400)
})
