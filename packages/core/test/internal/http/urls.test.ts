import { expect, test } from 'vitest'
import { isSecureUrl } from '../../../src/internal.ts'

test.each([
  ['https://auth.example.com', true],
  ['http://auth.example.com', false],
  ['http://localhost:8080', true],
  ['http://127.0.0.1', true],
  ['http://[::1]:1', true],
  ['http://localhost.example.com', false],
  ['http://127.0.0.1.example.com', false],
  ['ftp://localhost', false],
])('%s cannot be changed on its way: %s', (url, expected) => {
  expect(isSecureUrl(new URL(url))).toBe(expected)
})
