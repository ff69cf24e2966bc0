import type { X509Certificate } from 'node:crypto'
import { failure } from '@sealwright/test-kit/errors'
import { openssl } from '@sealwright/test-kit/openssl'
import { lacks } from '@sealwright/test-kit/tools'
import { describe, expect, test } from 'vitest'
import { commonName, subjectMatcher } from '../../src/find/subject.ts'

const tool = openssl()

function certificate(subject: string): X509Certificate {
  return tool().certificate(subject, undefined, ['-addext', 'subjectAltName=DNS:example.com']).certificate
}

describe.skipIf(lacks('openssl'))('a subject [needs openssl]', () => {
  test('with two common names is found by each, and named after the first', () => {
    const own = certificate('/CN=first/CN=second')
    for (const name of ['first', 'SECOND', ' second ']) expect(subjectMatcher(name)(own)).toBe(true)
    expect(subjectMatcher('third')(own)).toBe(false)
    expect(commonName(own)).toBe('first')
  })

  test('without a common name is found by the whole name alone', () => {
    const own = certificate('/O=Contoso')
    expect(subjectMatcher('o=contoso')(own)).toBe(true)
    expect(subjectMatcher('Contoso')(own)).toBe(false)
    expect(commonName(own)).toBeNull()
  })

  test('that is empty is found by nothing', () => {
    const own = certificate('/')
    for (const text of ['x', 'CN=x']) expect(subjectMatcher(text)(own)).toBe(false)
    expect(commonName(own)).toBeNull()
  })
})

test('text that is empty or not a name is refused', async () => {
  expect(await failure('INVALID_ARGUMENT', () => subjectMatcher(' '))).toBe('the subject is empty')
  expect(await failure('INVALID_ARGUMENT', () => subjectMatcher('a=b'))).toContain('the distinguished name')
})
