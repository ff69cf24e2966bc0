import type { LightMyRequestResponse } from 'fastify'
import { describe, expect, test } from 'vitest'
import { tokenRequest } from '../support/requests.ts'
import { settingsFile, testServer, type TestServer } from '../support/server.ts'

const jwks = '/.well-known/openid-configuration/jwks'
const metadata = ['/.well-known/openid-configuration', '/.well-known/oauth-authorization-server']

test.each([jwks, ...metadata, '/health/live', '/nothing', '/connect/token'])(
  'an answer of %s may not be framed, sniffed or used with http',
  async (url) => {
    const { app } = await testServer()
    expect((await app.inject(url)).headers).toMatchObject({
      'x-content-type-options': 'nosniff',
      'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
      'strict-transport-security': 'max-age=31536000',
    })
  },
)

test.each([jwks, '/'])('%s of an http issuer does not ask for https', async (url) => {
  const { issuer: _, ...file } = settingsFile()
  const { app } = await testServer({ file, env: { WELCOME_PAGE: 'true' } })
  const response = await app.inject(url)
  expect(response.statusCode).toBe(200)
  expect(response.headers).not.toHaveProperty('strict-transport-security')
})

test('the page keeps its own policy, and has the other headers of Helmet', async () => {
  const { app } = await testServer({ env: { WELCOME_PAGE: 'true' } })
  const { headers } = await app.inject({ url: '/', headers: { host: 'id.example' } })
  expect(headers['content-security-policy']).toMatch(/^default-src 'none'; style-src 'sha256-/)
  expect(headers).toMatchObject({
    'strict-transport-security': 'max-age=31536000',
    'x-frame-options': 'DENY',
    'referrer-policy': 'no-referrer',
    'cross-origin-opener-policy': 'same-origin',
    'cross-origin-resource-policy': 'same-origin',
    'x-content-type-options': 'nosniff',
  })
})

const preflight = ({ app }: TestServer, origin: string): Promise<LightMyRequestResponse> =>
  app.inject({
    method: 'OPTIONS',
    url: '/connect/token',
    headers: {
      origin,
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'authorization',
    },
  })

const token = ({ app }: TestServer, origin: string, secret = 'the secret'): Promise<LightMyRequestResponse> =>
  app.inject(tokenRequest({ secret, headers: { origin } }))

describe('pages of other origins', () => {
  test.each([jwks, ...metadata])('may read %s', async (url) => {
    const { app } = await testServer()
    const response = await app.inject({ url, headers: { origin: 'https://app.example' } })
    expect(response.headers['access-control-allow-origin']).toBe('*')
  })

  test('may not request tokens by default', async () => {
    const server = await testServer()
    for (const response of [
      await preflight(server, 'https://app.example'),
      await token(server, 'https://app.example'),
    ]) {
      expect(Object.keys(response.headers).filter((name) => name.startsWith('access-control-'))).toEqual([])
    }
    expect((await preflight(server, 'https://app.example')).statusCode).toBe(405)
  })

  test('may request tokens if their origin is in the settings', async () => {
    const server = await testServer({ env: { CORS_ORIGINS: 'https://app.example, http://localhost:3000' } })
    for (const origin of ['https://app.example', 'http://localhost:3000']) {
      const asked = await preflight(server, origin)
      expect([asked.statusCode, asked.headers['access-control-allow-origin']]).toEqual([204, origin])
      expect(asked.headers).toMatchObject({
        'access-control-allow-methods': 'POST',
        'access-control-allow-headers': 'authorization, content-type, x-request-id',
        vary: expect.stringContaining('Origin') as unknown,
      })
      for (const secret of ['the secret', 'wrong']) {
        const { headers } = await token(server, origin, secret)
        expect(headers['access-control-allow-origin']).toBe(origin)
        expect(headers).not.toHaveProperty('access-control-allow-credentials')
      }
    }
    for (const origin of ['https://app.example.evil.example', 'https://APP.example:444', 'null']) {
      expect((await preflight(server, origin)).headers).not.toHaveProperty('access-control-allow-origin')
      expect((await token(server, origin)).headers).not.toHaveProperty('access-control-allow-origin')
    }
  })

  test.each(['https://id.example', 'https://id.example/path'])(
    'may use nothing else of %s, and what is no preflight is refused as usual',
    async (issuer) => {
      const { app } = await testServer({
        file: settingsFile({ issuer }),
        env: { CORS_ORIGINS: 'https://app.example' },
      })
      const base = new URL(issuer).pathname.replace(/\/$/, '')
      const options = (
        url: string,
        headers: Readonly<Record<string, string>>,
      ): Promise<LightMyRequestResponse> => app.inject({ method: 'OPTIONS', url, headers })
      const asked = { origin: 'https://app.example', 'access-control-request-method': 'GET' }
      expect((await options(`${base}/connect/token`, asked)).statusCode).toBe(204)
      for (const url of [
        '/api/identity',
        '/connect/token/x',
        '/nothing',
        '/.well-known/openid-configuration',
      ]) {
        const response = await options(base + url, asked)
        expect([response.statusCode, response.json()], url).toEqual([404, { error: 'not_found' }])
        expect(response.headers).not.toHaveProperty('access-control-allow-origin')
      }
      for (const name of Object.keys(asked) as (keyof typeof asked)[]) {
        const response = await options(`${base}/connect/token`, { [name]: asked[name] })
        expect([response.statusCode, response.json()]).toEqual([
          405,
          { error: 'invalid_request', error_description: 'the token endpoint accepts POST only' },
        ])
        expect(response.headers).toMatchObject({ allow: 'POST', 'cache-control': 'no-store' })
      }
    },
  )
})
