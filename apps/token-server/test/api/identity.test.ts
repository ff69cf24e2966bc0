import { SignJWT } from 'jose'
import { describe, expect, test } from 'vitest'
import { generateKeyPairSync } from 'node:crypto'
import { createJwtIssuer } from '@sealwright/jws'
import { hasIdentityApi } from '../../src/api/identity.ts'
import { tokenRequest } from '../support/requests.ts'
import { issuer, settingsFile, testServer, type TestServer } from '../support/server.ts'

async function token({ app }: TestServer, scope = 'api1'): Promise<string> {
  const response = await app.inject(tokenRequest({ scope }))
  return response.json<{ access_token: string }>().access_token
}

const get = ({ app }: TestServer, authorization?: string) =>
  app.inject({
    url: '/api/identity',
    headers: { ...(authorization !== undefined && { authorization }) },
  })

test('says what the token says', async () => {
  const server = await testServer()
  const response = await get(server, `Bearer ${await token(server)}`)
  expect(response.statusCode).toBe(200)
  expect(response.headers['cache-control']).toBe('no-store')
  expect(response.json()).toMatchObject({ iss: issuer, aud: 'api', client_id: 'client', scope: 'api1' })
})

test('a token with any one character changed is refused', async () => {
  const server = await testServer()
  const good = await token(server)
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
  for (let at = 0; at < good.length; at++) {
    // In the last bit, which in the last character of the signature stands for nothing.
    const changed =
      good.slice(0, at) + alphabet.charAt(alphabet.indexOf(good.charAt(at)) ^ 1) + good.slice(at + 1)
    const response = await get(server, `Bearer ${changed}`)
    expect(response.statusCode, `position ${at}`).toBe(401)
    expect(response.headers['www-authenticate']).toMatch(
      /^Bearer realm="api", error="invalid_token", error_description="[^"]+"$/,
    )
  }
})

test('a token in another spelling is refused', async () => {
  const server = await testServer()
  const good = await token(server)
  for (const other of [
    `${good}==`,
    `${good}=`,
    `${good}~`,
    // With + and /, where - and _ are in it.
    ...[good.replaceAll('-', '+').replaceAll('_', '/')].filter((each) => each !== good),
  ]) {
    const response = await get(server, `Bearer ${other}`)
    expect(response.statusCode, other.slice(-10)).toBe(401)
    expect(response.headers['www-authenticate']).toContain('error="invalid_token"')
  }
  expect((await get(server, `Bearer ${good}`)).statusCode).toBe(200)
})

test('a request without a token is asked for one, and told no error (RFC 6750 §3.1)', async () => {
  const server = await testServer()
  for (const authorization of [undefined, 'Basic YTpi', 'Bearerx abc']) {
    const response = await get(server, authorization)
    expect([response.statusCode, response.headers['www-authenticate']]).toEqual([401, 'Bearer realm="api"'])
  }
})

test.each(['Bearer', 'Bearer ', 'Bearer a b', 'Bearer a,b', 'Bearer "a"'])(
  '%j is malformed',
  async (authorization) => {
    const response = await get(await testServer(), authorization)
    expect(response.statusCode).toBe(400)
    expect(response.headers['www-authenticate']).toContain('error="invalid_request"')
  },
)

test('a token without the scope is told which one it needs', async () => {
  const server = await testServer()
  const response = await get(server, `Bearer ${await token(server, 'api2')}`)
  expect(response.statusCode).toBe(403)
  expect(response.headers['www-authenticate']).toBe(
    'Bearer realm="api", error="insufficient_scope", error_description="the token lacks the scope api1", scope="api1"',
  )
})

function issue({ key }: TestServer, payload: object, options: object = {}): Promise<string> {
  return createJwtIssuer(key, { issuer, ...options }).issue({ ...payload })
}

describe('refuses a token', () => {
  const claims = { aud: 'api', sub: 'client', client_id: 'client', scope: 'api1' }

  test.each([
    { name: 'for another API', make: (server: TestServer) => issue(server, { ...claims, aud: 'other' }) },
    {
      name: 'of another issuer',
      make: (server: TestServer) => issue(server, claims, { issuer: 'https://evil.example' }),
    },
    { name: 'of another type', make: (server: TestServer) => issue(server, claims, { typ: 'JWT' }) },
    {
      name: 'without client_id',
      make: (server: TestServer) => issue(server, { aud: 'api', sub: 'client', scope: 'api1' }),
    },
    {
      name: 'that has expired',
      description: 'the token has expired',
      make: (server: TestServer) => issue(server, { ...claims, iat: 1_000_000, exp: 1_000_060 }),
    },
    {
      name: 'that is not valid yet',
      make: (server: TestServer) => issue(server, { ...claims, nbf: Math.floor(Date.now() / 1000) + 120 }),
    },
    {
      name: 'signed by another key under the same kid',
      make: ({ key }: TestServer) =>
        new SignJWT(validClaims())
          .setProtectedHeader({ alg: 'ES256', typ: 'at+jwt', kid: key.keyId })
          .sign(generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey),
    },
    {
      name: 'with the public key as an HMAC secret',
      make: ({ key }: TestServer) =>
        new SignJWT(validClaims())
          .setProtectedHeader({ alg: 'HS256', typ: 'at+jwt', kid: key.keyId })
          .sign(Buffer.from(String(key.publicKey.export({ type: 'spki', format: 'pem' })))),
    },
    { name: 'that is not a JWT', make: () => Promise.resolve('abc') },
  ])('$name', async ({ make, description = 'the token is not valid here' }) => {
    const server = await testServer()
    const response = await get(server, `Bearer ${await make(server)}`)
    expect(response.statusCode).toBe(401)
    expect(response.headers['www-authenticate']).toContain('error="invalid_token"')
    expect(response.json()).toEqual({
      error: 'invalid_token',
      error_description: description,
    })
  })

  test('that has no scope, with 403', async () => {
    const server = await testServer()
    const { scope: _, ...others } = claims
    const response = await get(server, `Bearer ${await issue(server, others)}`)
    expect([response.statusCode, response.json<{ error: string }>().error]).toEqual([
      403,
      'insufficient_scope',
    ])
  })

  function validClaims(): Record<string, unknown> {
    const now = Math.floor(Date.now() / 1000)
    return { ...claims, iss: issuer, iat: now, exp: now + 60, jti: 'x' }
  }
})

test('an error of the server is not told as an invalid token, which the client would replace', async () => {
  let isBroken = false
  const server = await testServer({
    clock: () => {
      if (isBroken) throw new TypeError('the clock is broken')
      return new Date()
    },
  })
  const authorization = `Bearer ${await token(server)}`
  isBroken = true
  const response = await get(server, authorization)
  expect([response.statusCode, response.json()]).toEqual([500, { error: 'server_error' }])
})

test('an API with several audiences accepts a token for them', async () => {
  const resources = [{ audience: ['api', 'https://api.example'], scopes: ['api1', 'api2'] }]
  const server = await testServer({ file: settingsFile({ resources }) })
  const response = await get(server, `Bearer ${await token(server)}`)
  expect(response.json()).toMatchObject({ aud: ['api', 'https://api.example'] })
})

test('there is no sample API without its scope, nor for keys that jose does not verify', async () => {
  const resources = [{ audience: 'api', scopes: ['api2', 'other1'] }]
  const clients = [
    { clientId: 'client', jwks: undefined, secrets: [{ sha256: '0'.repeat(64) }], scopes: ['api2'] },
  ]
  const withoutScope = await testServer({ file: settingsFile({ resources, clients }) })
  expect((await get(withoutScope, 'Bearer abc')).statusCode).toBe(404)
  expect(hasIdentityApi(withoutScope.settings, ['ES256'])).toBe(false)
  const secp256k1 = await testServer({ env: { SIGNING_KEY_TYPE: 'ec-secp256k1' } })
  expect((await get(secp256k1, 'Bearer abc')).statusCode).toBe(404)
  expect(hasIdentityApi(secp256k1.settings, ['ES256K'])).toBe(false)
  expect(hasIdentityApi(secp256k1.settings, ['ES256K', 'ES256'])).toBe(true)
  expect(await token(secp256k1)).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+$/)
})
