import { holdsSecret, secrets } from '@sealwright/test-kit/secrets'
import { describe, expect, test } from 'vitest'
import {
  auth0,
  entra,
  gitHubApp,
  googleServiceAccount,
  keycloak,
  okta,
  privateKeyJwt,
  smartBackend,
} from '../../src/index.ts'
import { account, clientId, tenantId, tokenEndpoint } from '../support/registrations.ts'

test('entra takes the authority of another cloud, with or without a slash', () => {
  for (const authority of ['https://login.microsoftonline.us', 'https://login.microsoftonline.us/']) {
    expect(entra({ tenantId, clientId, authority }).audience).toBe(
      `https://login.microsoftonline.us/${tenantId}/oauth2/v2.0/token`,
    )
  }
})

test('gitHubApp has the client ID, or the app ID as text', () => {
  expect(gitHubApp({ clientId: 'Iv23liabcdefghijklmn' }).issuer).toBe('Iv23liabcdefghijklmn')
  expect(gitHubApp({ appId: '12345' }).issuer).toBe('12345')
})

const wrongOptions: readonly [string, () => unknown, RegExp][] = [
  ['both IDs', () => gitHubApp({ clientId: 'a', appId: 1 }), /either clientId or appId/],
  ['no ID', () => gitHubApp({}), /either clientId or appId/],
  ['a tenant with a path', () => entra({ tenantId: 'a/../b', clientId }), /options.tenantId must be/],
  [
    'an authority without TLS',
    () => entra({ tenantId, clientId, authority: 'http://login.example' }),
    /https URL/,
  ],
  [
    'an authority with a path',
    () => entra({ tenantId, clientId, authority: 'https://login.example/contoso' }),
    /without a path/,
  ],
  [
    'a token endpoint with a query',
    () => okta({ clientId, tokenEndpoint: 'https://id.example/?a' }),
    /https URL/,
  ],
  ['no URL', () => smartBackend({ clientId, tokenEndpoint: 'id.example' }), /https URL/],
  ['a client ID beyond ASCII', () => entra({ tenantId, clientId: 'größe' }), /printable ASCII/],
  ['half a surrogate pair', () => privateKeyJwt({ clientId, audience: '\uD800' }), /valid Unicode/],
  ['two lines', () => privateKeyJwt({ clientId, audience: 'a\nb' }), /without control characters/],
  [
    'a kid that is too long for a header',
    () => okta({ clientId, tokenEndpoint, keyId: 'k'.repeat(257) }),
    /options.keyId must be a string of 1 to 256/,
  ],
  ['no scope', () => googleServiceAccount({ ...account, scopes: [] }), /non-empty list of scopes/],
  [
    'two scopes in one',
    () => googleServiceAccount({ ...account, scopes: ['a b'] }),
    /scopes\[0\] must be a scope/,
  ],
  [
    'a lifetime over an hour',
    () => okta({ clientId, tokenEndpoint: 'https://id.example', lifetime: 3601 }),
    /3600/,
  ],
]

test.each(wrongOptions)('options with %s are refused', (_, call, message) => {
  expect(call).toThrow(
    expect.objectContaining({ code: 'INVALID_ARGUMENT', message: expect.stringMatching(message) }),
  )
})

const issuer = 'https://id.example'
const keyId = '1'
const lifetime = 60
const functions: readonly [string, (options: never) => unknown, object][] = [
  ['auth0', auth0, { domain: 'contoso.eu.auth0.com', clientId, algorithm: 'PS256', keyId }],
  ['entra', entra, { tenantId, clientId, authority: issuer }],
  ['gitHubApp, client ID', gitHubApp, { clientId }],
  ['gitHubApp, app ID', gitHubApp, { appId: 1 }],
  ['googleServiceAccount', googleServiceAccount, { ...account, subject: 'alice@example.com', lifetime }],
  ['keycloak', keycloak, { issuer, clientId, keyId, algorithm: 'PS256' }],
  ['okta', okta, { clientId, tokenEndpoint, keyId, algorithm: 'RS512', lifetime }],
  [
    'privateKeyJwt',
    privateKeyJwt,
    { clientId, audience: issuer, keyId, algorithm: 'PS256', lifetime, certificateThumbprint: true },
  ],
  ['smartBackend', smartBackend, { clientId, tokenEndpoint, keyId }],
]

describe.each(functions)('%s', (_, make, options) => {
  test('takes its options', () => {
    expect(() => make(options as never)).not.toThrow()
  })

  test.each(Object.keys(options))('takes no key for %s, and repeats none', (name) => {
    const errors = Object.entries(secrets).map(([kind, secret]) => ({
      kind,
      error: errorOf(() => make({ ...options, [name]: secret } as never)),
    }))
    expect(errors.filter(({ error }) => holdsSecret(error))).toEqual([])
    // Text in one line may be an ID.
    const taken = errors.filter(({ error }) => error === undefined).map(({ kind }) => kind)
    expect(['a JWK as text', 'a password']).toEqual(expect.arrayContaining(taken))
  })
})

function errorOf(call: () => unknown): unknown {
  try {
    call()
    return undefined
  } catch (error) {
    return error
  }
}
