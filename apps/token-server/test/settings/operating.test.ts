import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { scratchFolder } from '@sealwright/test-kit/folders'
import { expect, test } from 'vitest'
import { loadSettings } from '../../src/settings/load-settings.ts'
import type { Settings } from '../../src/settings/settings.ts'
import { settingsFile } from '../support/server.ts'

function load(file: Readonly<Record<string, unknown>>, env: Readonly<Record<string, string>> = {}): Settings {
  const path = join(scratchFolder(), 'settings.json')
  writeFileSync(path, JSON.stringify(settingsFile(file)))
  return loadSettings({ TOKEN_SERVER_SETTINGS: path, ...env })
}

test('by default there are no proxies, no other origins, no delay and no Redis, and wrong secrets are limited', () => {
  expect(load({})).toMatchObject({
    trustedProxies: null,
    corsOrigins: [],
    drainDelay: 0,
    redis: null,
    limits: { addressRequestsPerMinute: null, clientTokensPerMinute: null, wrongSecrets: 10 },
  })
})

const expected = {
  trustedProxies: ['10.0.0.0/8', '::1'],
  corsOrigins: ['https://app.example', 'http://localhost:3000'],
  drainDelay: 7,
  redis: { url: 'rediss://:pass@redis.example:6380', keyPrefix: 'id:' },
  limits: { addressRequestsPerMinute: 600, clientTokensPerMinute: 60, wrongSecrets: null },
}

test('the file has them', () => {
  expect(load({ ...expected, limits: { ...expected.limits, wrongSecrets: 0 } })).toMatchObject(expected)
})

test('the environment has them, with commas in lists', () => {
  const env = {
    TRUSTED_PROXIES: '10.0.0.0/8, ::1',
    CORS_ORIGINS: 'https://app.example,http://localhost:3000',
    DRAIN_DELAY: '7',
    REDIS_URL: 'rediss://:pass@redis.example:6380',
    REDIS_KEY_PREFIX: 'id:',
    limits__addressRequestsPerMinute: '600',
    limits__clientTokensPerMinute: '60',
    limits__wrongSecrets: '0',
  }
  expect(load({}, env)).toMatchObject(expected)
})

test.each(['none', []])('%j is for a server without proxies', (trustedProxies) => {
  expect(load({ trustedProxies }).trustedProxies).toEqual([])
})

test.each<[Record<string, string>, RegExp]>([
  [{ TRUSTED_PROXIES: '10.0.0.1, proxy.example' }, /^TRUSTED_PROXIES: must be an IP address or a range/],
  [{ TRUSTED_PROXIES: '0.0.0.0/0' }, /^TRUSTED_PROXIES: must not be a range of all addresses/],
  [{ CORS_ORIGINS: '*' }, /^CORS_ORIGINS: must be an origin such as/],
  [{ CORS_ORIGINS: 'https://app.example/' }, /^CORS_ORIGINS: must be an origin/],
  [{ DRAIN_DELAY: '301' }, /^DRAIN_DELAY: must be at most 300/],
  [{ DRAIN_DELAY: '1.5' }, /^DRAIN_DELAY: must be a whole number/],
  [{ REDIS_URL: 'https://:hunter2@redis.example' }, /^REDIS_URL: must be a URL such as rediss:/],
  [{ REDIS_URL: 'redis://redis.example', REDIS_KEY_PREFIX: 'a b' }, /^REDIS_KEY_PREFIX: must be 1 to 100/],
  [{ REDIS_KEY_PREFIX: 'id:' }, /redis\.url in the environment: is missing/],
  [{ limits__wrongSecrets: '-1' }, /^limits__wrongSecrets: must be at least 0/],
  [{ limits__perAddress: '1' }, /^limits__perAddress: there is no such setting/],
  [
    { limits__addressRequestsPerMinute: '600' },
    /^limits__addressRequestsPerMinute: needs TRUSTED_PROXIES: the addresses of the proxies in front, or "none"/,
  ],
])('%j is refused', (env, message) => {
  expect(() => load({}, env)).toThrow(message)
  expect(() => load({}, env)).not.toThrow(/hunter2/)
})

test('an entry of a list in the file is named by its place', () => {
  expect(() => load({ trustedProxies: ['10.0.0.1', 'x'] })).toThrow(
    /trustedProxies\[1\]: must be an IP address/,
  )
})
