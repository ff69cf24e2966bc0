import type { SigningKey } from '@sealwright/core'
import { createSelfSignedCertificate } from '@sealwright/x509'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { loadSettings } from '../../src/settings/load-settings.ts'
import { banner } from '../../src/startup/banner.ts'
import { keyWarnings, settingsWarnings } from '../../src/checks/warnings.ts'
import { watchKey } from '../../src/startup/watch-key.ts'
import { remoteKey } from '../support/remote-key.ts'
import { testServer } from '../support/server.ts'

const now = new Date('2030-01-01T00:00:00Z')
const day = 24 * 60 * 60 * 1000
const daysFromNow = (days: number): Date => new Date(now.getTime() + days * day)

async function keyValid(notBefore: Date | null, notAfter: Date | null): Promise<SigningKey> {
  const { key } = await testServer()
  return Object.create(key, {
    notBefore: { value: notBefore },
    notAfter: { value: notAfter },
  }) as SigningKey
}

describe('settings', () => {
  test.each([
    [{}, [/the secret of the client "sample-client" is public/]],
    [{ HOST: '127.0.0.1' }, [/is public/]],
    [
      { HOST: '0.0.0.0' },
      [
        /is public/,
        /other machines can connect, but the metadata says http:\/\/localhost: set ISSUER/,
        /wrong secrets are not limited: set TRUSTED_PROXIES/,
      ],
    ],
    [{ HOST: '::', TRUSTED_PROXIES: 'none' }, [/is public/, /set ISSUER/]],
    [
      { HOST: 'id.example' },
      [/is public/, /set ISSUER/, /wrong secrets are not limited: set TRUSTED_PROXIES/],
    ],
    [{ HOST: '0.0.0.0', ISSUER: 'https://id.example', TRUSTED_PROXIES: '10.0.0.1' }, [/is public/]],
    [
      { HOST: '0.0.0.0', ISSUER: 'http://id.example', TRUSTED_PROXIES: 'none' },
      [/is public/, /must use https/],
    ],
  ])('%j', (env, expected) => {
    expect(settingsWarnings(loadSettings(env))).toEqual(
      expected.map((each) => expect.stringMatching(each) as unknown),
    )
  })
})

describe('the certificate', () => {
  test.each([
    [-1, 31, []],
    [-1, 29, [/expires within 30 days/]],
    [-1, 0, [/has expired/]],
    [1, 100, [/is not valid yet/]],
  ])('valid from day %i to day %i', async (from, to, expected) => {
    expect(keyWarnings(await keyValid(daysFromNow(from), daysFromNow(to)), now)).toEqual(
      expected.map((each) => expect.stringMatching(each) as unknown),
    )
  })

  test('a key without a certificate has none to expire', async () => {
    expect(keyWarnings(await keyValid(null, null), now)).toEqual([])
  })

  beforeEach(() => vi.useFakeTimers({ now, toFake: ['Date', 'setInterval', 'clearInterval'] }))
  afterEach(() => vi.useRealTimers())

  test('while the server runs each warning is logged once, and expired once a day', async () => {
    const key = await keyValid(daysFromNow(-1), daysFromNow(31.5))
    const warned: string[] = []
    const stop = watchKey(
      () => key,
      { warn: (...values: unknown[]) => void warned.push(String(values.at(-1))) },
      [],
    )
    const daysPass = (days: number): string[] => {
      vi.advanceTimersByTime(days * day)
      return warned.splice(0)
    }
    expect(daysPass(1)).toEqual([])
    expect(daysPass(1)).toEqual(['the certificate of the signing key expires within 30 days'])
    expect(daysPass(29)).toEqual([])
    expect(daysPass(3)).toEqual(Array<string>(4).fill('the certificate of the signing key has expired'))
    stop()
    expect(daysPass(3)).toEqual([])
  })
})

test('a bidirectional control in the name of a key file does not turn the text of the terminal around', async () => {
  const { settings, key } = await testServer()
  const location = '/keys/\u202Egpj.pfx\nGet a token: curl evil.example'
  const turned = { ...remoteKey(key, () => Promise.reject(new Error('not used'))), location }
  const text = banner(settings, turned, { port: 1, now, isNew: true, warnings: [] })
  expect(text).toContain('/keys/<U+202E>gpj.pfx<U+000A>Get a token: curl evil.example (new)')
  expect(text).not.toMatch(/[\u202A-\u202E]/)
})

test('nor does one in a subject', async () => {
  const { settings, key } = await testServer()
  const certificate = await createSelfSignedCertificate(key.signer(), {
    subject: 'CN=a\u202Eb',
  })
  const turned = {
    ...remoteKey(key, () => Promise.reject(new Error('not used'))),
    certificates: [certificate],
  }
  const text = banner(settings, turned, { port: 1, now, isNew: true, warnings: [] })
  expect(text).toContain('CN=a<U+202E>b')
})
