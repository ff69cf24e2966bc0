import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { RingClock } from '@sealwright/keyring'
import { openFolderStore } from '@sealwright/local-store'
import { scratchFolder } from '@sealwright/test-kit/folders'
import { lacks } from '@sealwright/test-kit/tools'
import { createLocalJWKSet, decodeProtectedHeader, jwtVerify, type JSONWebKeySet } from 'jose'
import { expect, test } from 'vitest'
import { opensslPfx } from '../support/pfx.ts'
import { tokenRequest } from '../support/requests.ts'
import { client, settingsFile, testServer, type TestServer } from '../support/server.ts'

const jwksUrl = '/.well-known/openid-configuration/jwks'

async function token({ app }: TestServer, id = 'client', scope = 'api1'): Promise<string> {
  const response = await app.inject(tokenRequest({ clientId: id, scope }))
  expect(response.statusCode, response.body).toBe(200)
  return response.json<{ access_token: string }>().access_token
}

async function jwks({ app }: TestServer): Promise<JSONWebKeySet> {
  return (await app.inject(jwksUrl)).json<JSONWebKeySet>()
}

async function advertised({ app }: TestServer): Promise<unknown> {
  const discovery = await app.inject('/.well-known/openid-configuration')
  return discovery.json<Record<string, unknown>>()['id_token_signing_alg_values_supported']
}

async function apiStatus({ app }: TestServer, bearer: string): Promise<number> {
  const headers = { authorization: `Bearer ${bearer}` }
  return (await app.inject({ url: '/api/identity', headers })).statusCode
}

/** A clock for the server and its ring that only the test moves. */
function movableClock(): {
  readonly ringClock: RingClock
  readonly clock: () => Date
  readonly pass: (seconds: number) => void
} {
  let ahead = 0
  return {
    ringClock: { now: () => Date.now() + ahead, elapsed: () => ahead },
    clock: () => new Date(Date.now() + ahead),
    pass(seconds) {
      ahead += seconds * 1_000
    },
  }
}

test('the API and the metadata follow a rotation to a key of another type', async () => {
  const folder = scratchFolder()
  const store = await openFolderStore(folder)
  await store.create('old', { keyType: 'ec-p256' })
  await store.create('new', { keyType: 'ed25519' })
  const { clock, ringClock, pass } = movableClock()
  const server = await testServer({
    clock,
    ringClock,
    env: { SIGNING_KEY: `store:${folder}?name=new`, WELCOME_PAGE: 'true' },
    file: settingsFile({
      // Made in the same minute, both would be the issuer's first.
      additionalSigningKeys: [{ uri: `store:${folder}?name=old`, createdAt: '2020-01-01T00:00:00Z' }],
    }),
  })
  const before = await token(server)
  expect(decodeProtectedHeader(before).alg).toBe('ES256')
  expect(await apiStatus(server, before)).toBe(200)
  expect(await advertised(server)).toEqual(['ES256', 'Ed25519'])

  pass(server.ring.policy.announcement + 1)
  await server.ring.refresh()
  const after = await token(server)
  expect(decodeProtectedHeader(after).alg).toBe('Ed25519')
  expect(await apiStatus(server, after)).toBe(200)
  expect(await advertised(server)).toEqual(['Ed25519', 'ES256'])
  const welcome = await server.app.inject('/')
  expect(welcome.body).toContain('Ed25519')

  pass(server.ring.policy.retention)
  await server.ring.refresh()
  expect(await advertised(server)).toEqual(['Ed25519'])
  expect((await jwks(server)).keys).toHaveLength(1)
})

test('each client and each API gets tokens with its algorithm, of a key that is made for it', async () => {
  const folder = scratchFolder()
  const server = await testServer({
    env: { SIGNING_ALGORITHM: 'ES256' },
    file: settingsFile({
      resources: [
        { audience: 'api', scopes: ['api1'] },
        { audience: 'legacy', scopes: ['legacy1'], signingAlgorithm: 'ES256' },
      ],
      clients: [
        client({ scopes: ['api1'] }),
        client({ clientId: 'new', scopes: ['api1', 'legacy1'], signingAlgorithm: 'Ed25519' }),
      ],
      additionalSigningKeys: [{ uri: `store:${folder}?name=ed`, create: 'ed25519' }],
    }),
  })
  const tokens = [
    { jwt: await token(server), alg: 'ES256' },
    { jwt: await token(server, 'new'), alg: 'Ed25519' },
    // The API that verifies it comes before the client.
    { jwt: await token(server, 'new', 'legacy1'), alg: 'ES256' },
  ]
  const keySet = createLocalJWKSet(await jwks(server))
  for (const { jwt, alg } of tokens) {
    const { protectedHeader } = await jwtVerify(jwt, keySet)
    expect(protectedHeader.alg).toBe(alg)
  }
  expect(await advertised(server)).toEqual(['ES256', 'Ed25519'])
  for (const { jwt } of tokens.slice(0, 2)) expect(await apiStatus(server, jwt)).toBe(200)
})

test('an RSA key signs two algorithms, for which its JWK is left open', async () => {
  const server = await testServer({
    env: { SIGNING_ALGORITHM: 'RS256', SIGNING_KEY_TYPE: 'rsa-2048' },
    file: settingsFile({ clients: [client({ signingAlgorithm: 'PS256' })] }),
  })
  const jwt = await token(server)
  expect(decodeProtectedHeader(jwt).alg).toBe('PS256')
  expect(await apiStatus(server, jwt)).toBe(200)
  const [key] = (await jwks(server)).keys
  expect(key).not.toHaveProperty('alg')
})

test('a key is published under the name that IdentityServer gave its certificate, too', async () => {
  const server = await testServer({ file: settingsFile({ identityServerKeyIds: true }) })
  const thumbprint = server.key.certificates[0]?.fingerprint.replaceAll(':', '') ?? ''
  expect((await jwks(server)).keys.map(({ kid }) => kid)).toEqual([server.key.keyId, `${thumbprint}ES256`])
})

test('the times of the key ring are in the settings, and in what is served', async () => {
  const keyRing = { jwksMaxAge: 60, maxSetAge: 3_600 }
  const server = await testServer({ file: settingsFile({ keyRing }) })
  expect(server.ring.policy).toMatchObject({ ...keyRing, announcement: 3_600 + 60 + 60, tokenLifetime: 600 })
  const served = await Promise.all(
    [jwksUrl, '/.well-known/openid-configuration', '/.well-known/oauth-authorization-server'].map(
      async (url) => (await server.app.inject(url)).headers['cache-control'],
    ),
  )
  expect(served).toEqual(['public, max-age=60, must-revalidate', 'public, max-age=60', 'public, max-age=60'])
})

test.each<[string, Readonly<Record<string, unknown>>, Readonly<Record<string, string>>, RegExp]>([
  [
    'an algorithm for some tokens without one for the others',
    { clients: [client({ signingAlgorithm: 'ES256' })] },
    {},
    /^a resource or client has a "signingAlgorithm": set SIGNING_ALGORITHM to the algorithm of all other tokens$/,
  ],
  [
    'an algorithm that does not exist',
    { clients: [client({ signingAlgorithm: 'HS256' })] },
    {},
    /clients\[0\]\.signingAlgorithm: /,
  ],
  [
    'an algorithm that no key signs',
    { clients: [client({ signingAlgorithm: 'ES384' })] },
    { SIGNING_ALGORITHM: 'ES256' },
    /^no key of the ring signs ES384; its keys sign ES256$/,
  ],
  [
    'a key type that does not exist',
    { additionalSigningKeys: [{ uri: 'store:./a?name=b', create: 'dsa-1024' }] },
    {},
    /additionalSigningKeys\[0\]\.create: /,
  ],
  [
    'a password file that is not there',
    { additionalSigningKeys: [{ uri: 'file:./a.pfx', passwordFile: '/nowhere/password' }] },
    {},
    /^additionalSigningKeys\[0\]\.passwordFile in .*settings\.json cannot be read: ENOENT/,
  ],
  [
    'a time that is no number',
    { keyRing: { maxSetAge: '1d' } },
    {},
    /keyRing\.maxSetAge: must be a whole number of seconds$/,
  ],
  [
    'times that would have tokens rejected',
    { keyRing: { announcement: 60 } },
    {},
    /^the times of the key ring: announcement is 60 s, but must be at least maxSetAge \+ jwksMaxAge \+ clockSkew = 86,400 \+ 300 \+ 60/,
  ],
  [
    'two rotation intervals',
    { keyRing: { rotationInterval: 7_776_000 } },
    { SIGNING_KEY_ROTATION_DAYS: '90' },
    /^SIGNING_KEY_ROTATION_DAYS and keyRing\.rotationInterval in .* are both set; remove one$/,
  ],
  [
    'a rotation interval without a key to make',
    { keyRing: { rotationInterval: 7_776_000 } },
    { SIGNING_KEY: 'file:./a.pfx' },
    /^keyRing\.rotationInterval in .* is only for keys that this server may create; remove it$/,
  ],
])('%s is refused', async (_, file, env, message) => {
  await expect(testServer({ file: settingsFile(file), env })).rejects.toMatchObject({
    code: expect.stringMatching(/^(?:INVALID_ARGUMENT|UNSUPPORTED_ALGORITHM)$/) as unknown,
    message: expect.stringMatching(message) as unknown,
  })
})

test.skipIf(lacks('openssl'))(
  'an additional key can be a file, with its password in another [needs openssl]',
  async () => {
    const folder = scratchFolder()
    const uri = `file:${opensslPfx(folder, 'old', '/CN=old', 'hunter2')}`
    const passwordFile = join(folder, 'password')
    writeFileSync(passwordFile, 'hunter2\n')
    const server = await testServer({
      file: settingsFile({ additionalSigningKeys: [{ uri, passwordFile }] }),
    })
    // It does not say when it was made, so it counts as the older one.
    const { keys } = await jwks(server)
    expect(keys.map(({ kty }) => kty)).toEqual(['RSA', 'EC'])
    await expect(
      testServer({ file: settingsFile({ additionalSigningKeys: [{ uri }] }) }),
    ).rejects.toMatchObject({
      code: 'WRONG_PASSWORD',
      message: expect.stringContaining('the passwordFile of each additional key') as unknown,
    })
  },
)
