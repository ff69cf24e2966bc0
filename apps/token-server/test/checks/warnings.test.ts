import type { KeyRingKeyStatus, KeyRingStatus } from '@sealwright/keyring'
import { createSelfSignedCertificate } from '@sealwright/x509'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { loadSettings } from '../../src/settings/load-settings.ts'
import { banner } from '../../src/startup/banner.ts'
import { keyWarnings, settingsWarnings } from '../../src/checks/warnings.ts'
import { watchKeys } from '../../src/startup/watch-keys.ts'
import { remoteKey } from '../support/remote-key.ts'
import { testServer } from '../support/server.ts'

const now = new Date('2030-01-01T00:00:00Z')
const day = 24 * 60 * 60 * 1000
const daysFromNow = (days: number): Date => new Date(now.getTime() + days * day)

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

const keyUntil = (
  notAfter: Date | null,
  location = '/keys/a.pfx',
): Pick<KeyRingKeyStatus, 'location' | 'notAfter'> => ({ location, notAfter })

describe('the certificate', () => {
  test.each([
    [[keyUntil(daysFromNow(31))], []],
    [[keyUntil(daysFromNow(29))], ['the certificate of the signing key expires within 30 days']],
    [[keyUntil(daysFromNow(0))], ['the certificate of the signing key has expired']],
    [[keyUntil(null)], []],
    [
      [keyUntil(daysFromNow(31)), keyUntil(daysFromNow(29), '/keys/b.pfx')],
      ['the certificate of the signing key /keys/b.pfx expires within 30 days'],
    ],
  ])('%j', (keys, expected) => {
    expect(keyWarnings(keys, now)).toEqual(expected)
  })

  beforeEach(() => vi.useFakeTimers({ now, toFake: ['Date', 'setInterval', 'clearInterval'] }))
  afterEach(() => vi.useRealTimers())

  type Watched = Pick<KeyRingKeyStatus, 'keyId' | 'notAfter'> & Partial<KeyRingKeyStatus>

  /** What is logged while days pass, of a ring whose keys the test sets. */
  async function watched(
    algorithms: readonly string[],
    first: readonly Watched[],
  ): Promise<{
    readonly pass: (days: number, keys?: readonly Watched[]) => string[]
    readonly stop: () => void
  }> {
    const { ring } = await testServer()
    const status = ring.status()
    const statusOf = (keys: readonly Watched[]): KeyRingStatus => ({
      ...status,
      keys: keys.flatMap((each) => status.keys.map((template) => ({ ...template, ...each }))),
    })
    let current = statusOf(first)
    const warned: string[] = []
    const warn = ({ keyId }: { keyId: string }, message: string): void =>
      void warned.push(`${keyId}: ${message}`)
    const stop = watchKeys({ status: () => current }, algorithms, { warn } as Parameters<typeof watchKeys>[2])
    return {
      stop,
      pass(days, keys) {
        if (keys !== undefined) current = statusOf(keys)
        vi.advanceTimersByTime(days * day)
        return warned.splice(0).map((line) => line.replace('the certificate of the signing key ', ''))
      },
    }
  }

  test('while the server runs each warning is logged once, and expired once a day', async () => {
    const { pass, stop } = await watched([], [{ keyId: 'a', notAfter: daysFromNow(31.5) }])
    expect(pass(1)).toEqual([])
    expect(pass(1)).toEqual(['a: expires within 30 days'])
    expect(pass(29)).toEqual([])
    // No key signs any more.
    expect(pass(3, [])).toEqual(Array<string>(4).fill('a: has expired'))
    stop()
    expect(pass(3)).toEqual([])
  })

  test('what was wrong at the start is not logged again, and each key after a rotation is', async () => {
    const { pass } = await watched([], [{ keyId: 'a', notAfter: daysFromNow(20) }])
    expect(pass(10)).toEqual([])
    const next = { keyId: 'b', notAfter: daysFromNow(50) }
    expect(pass(5, [{ keyId: 'a', notAfter: daysFromNow(20), state: 'retiring' }, next])).toEqual([])
    expect(pass(10, [next])).toEqual(['b: expires within 30 days'])
  })

  test('the key of each algorithm is checked, and no delegate', async () => {
    const [rsa, ec] = [
      { keyId: 'rsa', algorithms: ['RS256', 'PS256'], notAfter: daysFromNow(31) },
      { keyId: 'ec', algorithms: ['ES256'], notAfter: daysFromNow(40) },
    ]
    const delegate = { keyId: 'd', algorithms: ['ES256'], notAfter: daysFromNow(2), delegatedBy: 'ec' }
    const { pass } = await watched(['RS256', 'PS256', 'ES256'], [rsa, ec, delegate])
    expect(pass(5)).toEqual(['rsa: expires within 30 days'])
    expect(pass(10)).toEqual(['ec: expires within 30 days'])
    // One of them has ended; the other signs.
    expect(pass(17, [ec])).toEqual(Array<string>(2).fill('rsa: has expired'))
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
