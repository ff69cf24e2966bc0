import * as http from 'node:http'
import { text } from 'node:stream/consumers'
import type { LightMyRequestResponse } from 'fastify'
import { createLocalJWKSet, decodeJwt, decodeProtectedHeader, jwtVerify, type JSONWebKeySet } from 'jose'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { SealwrightError, type ErrorCode } from '@sealwright/core'
import { wrapKey } from '@sealwright/core/internal'
import { remoteKey } from '../support/remote-key.ts'
import {
  basic,
  client,
  issuer,
  listeningServer,
  settingsFile,
  testServer,
  type TestServer,
} from '../support/server.ts'

const formType = 'application/x-www-form-urlencoded'
const credentials = basic('client', 'the secret')
const granted = 'grant_type=client_credentials'

interface TokenRequest {
  readonly method?: 'GET' | 'PUT' | 'DELETE' | 'PATCH' | 'HEAD' | 'OPTIONS' | 'POST'
  readonly url?: string
  readonly body?: string | Buffer
  /** null for none. */
  readonly authorization?: string | null
  readonly type?: string | null
  readonly headers?: Readonly<Record<string, string>>
}

function post({ app }: TestServer, request: TokenRequest = {}): Promise<LightMyRequestResponse> {
  const { authorization = credentials, type = formType } = request
  return app.inject({
    method: request.method ?? 'POST',
    url: request.url ?? '/connect/token',
    headers: {
      ...(type !== null && { 'content-type': type }),
      ...(authorization !== null && { authorization }),
      ...request.headers,
    },
    payload: request.body ?? granted,
  })
}

const linesOf = (log: readonly string[]): readonly Readonly<Record<string, unknown>>[] =>
  log.map((line) => JSON.parse(line) as Record<string, unknown>)

const file = settingsFile({
  clients: [
    client(),
    client({ clientId: 'suspended', grantTypes: [] }),
    client({ clientId: 'a+b c%:e', scopes: ['api1'] }),
    client({ clientId: 'two resources', scopes: ['api1', 'api2', 'other1'] }),
    client({
      clientId: 'two secrets',
      secrets: [
        // Of `the old secret` and `the secret`, one in hexadecimal and one in base64.
        {
          sha256: '41356239af72ab7ca8e16ea8f15ecca3662b0533d4a6b1966ee128f279bda0f3',
          description: 'until June',
        },
        { sha256: 'NoppPXhMfRlX7HSBSKXeHh8ul/H2NgxpsM/PZHG7vwc=' },
      ],
    }),
  ],
})

describe('a token', () => {
  test('is as RFC 6749 §5.1 and RFC 9068 §2 have it', async () => {
    const now = new Date('2030-01-01T00:00:00Z')
    const server = await testServer({ clock: () => now })
    const response = await post(server, { body: `${granted}&scope=api1` })
    expect(response.statusCode).toBe(200)
    expect(response.headers).toMatchObject({
      'content-type': 'application/json; charset=utf-8',
      'cache-control': 'no-store',
      pragma: 'no-cache',
    })
    const { access_token: token, ...rest } = response.json<{ access_token: string }>()
    expect(rest).toEqual({ token_type: 'Bearer', expires_in: 600, scope: 'api1' })

    const jwks = (await server.app.inject('/.well-known/openid-configuration/jwks')).json<JSONWebKeySet>()
    const { payload, protectedHeader } = await jwtVerify(token, createLocalJWKSet(jwks), { currentDate: now })
    expect(protectedHeader).toEqual({
      alg: 'ES256',
      typ: 'at+jwt',
      kid: server.key.keyId,
      'x5t#S256': jwks.keys[0]?.['x5t#S256'],
    })
    const seconds = now.getTime() / 1000
    expect(payload).toEqual({
      iss: issuer,
      aud: 'api',
      sub: 'client',
      client_id: 'client',
      scope: 'api1',
      iat: seconds,
      nbf: seconds,
      exp: seconds + 600,
      jti: expect.stringMatching(/^.{16,}$/) as unknown,
    })
  })

  test.each([
    { name: 'all scopes when none is requested', body: granted, scope: 'api1 api2' },
    {
      name: 'all scopes when the parameter is empty (RFC 6749 §3.2)',
      body: `${granted}&scope=`,
      scope: 'api1 api2',
    },
    { name: 'those requested, each once', body: `${granted}&scope=api2+api1+api2`, scope: 'api2 api1' },
    {
      name: 'unknown parameters ignored',
      body: `${granted}&scope=api1&audience=x&resource=y`,
      scope: 'api1',
    },
    { name: 'client_id beside Basic', body: `${granted}&client_id=client&scope=api1`, scope: 'api1' },
    {
      name: 'an empty client_secret beside Basic',
      body: `${granted}&client_secret=&scope=api1`,
      scope: 'api1',
    },
    {
      name: 'the query string left alone',
      url: '/connect/token?trace=1',
      body: granted,
      scope: 'api1 api2',
    },
    { name: 'a charset', type: `${formType}; charset=UTF-8`, body: granted, scope: 'api1 api2' },
    { name: 'empty pairs between the parameters', body: `&${granted}&&scope=api1&`, scope: 'api1' },
    {
      name: 'a lower-case scheme',
      authorization: credentials.replace('Basic', 'basic'),
      scope: 'api1 api2',
    },
  ])('$name', async ({ scope, ...request }) => {
    const response = await post(await testServer({ file }), request)
    const answer = response.json<{ access_token: string }>()
    expect(answer).toMatchObject({ scope })
    expect(decodeJwt(answer.access_token)).toMatchObject({ scope })
  })

  test('of a key without a certificate names no certificate', async () => {
    const server = await testServer({
      wrapKey: (key) => ({ ...wrapKey(key, (alg) => key.signer(alg)), certificates: [] }),
    })
    const { access_token: token } = (await post(server)).json<{ access_token: string }>()
    expect(decodeProtectedHeader(token)).toEqual({ alg: 'ES256', typ: 'at+jwt', kid: server.key.keyId })
  })

  test('has the audience of its scopes', async () => {
    const server = await testServer({ file })
    const audience = async (scope: string): Promise<unknown> => {
      const authorization = basic('two resources', 'the secret')
      const response = await post(server, { authorization, body: `${granted}&scope=${scope}` })
      const [, payload = ''] = response.json<{ access_token: string }>().access_token.split('.')
      return (JSON.parse(Buffer.from(payload, 'base64url').toString()) as { aud: unknown }).aud
    }
    expect(await audience('api2')).toBe('api')
    expect(await audience('other1')).toBe('other')
    expect(await audience('api2+api1')).toBe('api')
  })

  test('has one audience where two resources share it', async () => {
    const resources = [
      { audience: 'api', scopes: ['api1'] },
      { audience: 'api', scopes: ['api2'] },
    ]
    const server = await testServer({ file: settingsFile({ resources }) })
    expect((await post(server)).json()).toMatchObject({ scope: 'api1 api2' })
  })
})

describe('client authentication', () => {
  const oddId = 'a+b c%:e'

  test.each([
    { name: 'client_secret_basic', authorization: credentials, body: granted },
    {
      name: 'client_secret_post',
      authorization: null,
      body: `${granted}&client_id=client&client_secret=the+secret`,
    },
    {
      name: 'Basic with a form-urlencoded id and secret (RFC 6749 §2.3.1)',
      authorization: basic(oddId, 'the secret'),
    },
    {
      name: 'Basic with a plus for the space',
      authorization: `Basic ${Buffer.from(`${encodeURIComponent(oddId)}:the+secret`).toString('base64')}`,
    },
    { name: 'two spaces after the scheme', authorization: credentials.replace('Basic ', 'Basic  ') },
    { name: 'the old one of two secrets', authorization: basic('two secrets', 'the old secret') },
    { name: 'the new one of two secrets', authorization: basic('two secrets', 'the secret') },
  ])('$name', async (request) => {
    const log: string[] = []
    expect((await post(await testServer({ file, log }), request)).statusCode).toBe(200)
    const method = request.authorization === null ? 'client_secret_post' : 'client_secret_basic'
    expect(linesOf(log)).toContainEqual(expect.objectContaining({ msg: 'token issued', method }))
  })
})

/** Every row of RFC 6749 §5.2 but invalid_grant, which the client credentials grant cannot have. */
const refusals: readonly (TokenRequest & {
  readonly name: string
  readonly error: string
  readonly status?: number
  readonly says: RegExp
})[] = [
  // invalid_request: "missing a required parameter"
  { name: 'no grant_type', body: 'scope=api1', error: 'invalid_request', says: /grant_type is missing/ },
  {
    name: 'an empty grant_type',
    body: 'grant_type=',
    error: 'invalid_request',
    says: /grant_type is missing/,
  },
  { name: 'an empty body', body: '', error: 'invalid_request', says: /grant_type is missing|no body/ },
  { name: 'no body at all', body: '', type: null, error: 'invalid_request', says: /no body/ },
  {
    name: 'client_secret without client_id',
    authorization: null,
    body: `${granted}&client_secret=the+secret`,
    error: 'invalid_request',
    says: /client_secret requires client_id/,
  },
  {
    name: 'client_assertion without its type',
    authorization: null,
    body: `${granted}&client_assertion=a.b.c`,
    error: 'invalid_request',
    says: /client_assertion requires client_assertion_type/,
  },
  {
    name: 'client_assertion_type without an assertion',
    authorization: null,
    body: `${granted}&client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer`,
    error: 'invalid_request',
    says: /client_assertion_type requires client_assertion/,
  },
  // invalid_request: "repeats a parameter"
  {
    name: 'grant_type twice',
    body: `${granted}&${granted}`,
    error: 'invalid_request',
    says: /more than once/,
  },
  {
    name: 'scope twice',
    body: `${granted}&scope=api1&scope=api2`,
    error: 'invalid_request',
    says: /more than once/,
  },
  {
    name: 'scope twice, once empty',
    body: `${granted}&scope=&scope=api2`,
    error: 'invalid_request',
    says: /more than once/,
  },
  {
    name: 'scope twice, once encoded',
    body: `${granted}&scope=api1&%73cope=api2`,
    error: 'invalid_request',
    says: /more than once/,
  },
  {
    name: 'an unknown parameter twice',
    body: `${granted}&a=1&a=1`,
    error: 'invalid_request',
    says: /more than once/,
  },
  {
    name: 'a parameter without a name twice',
    body: `${granted}&=1&=2`,
    error: 'invalid_request',
    says: /more than once/,
  },
  // invalid_request: "includes multiple credentials", "utilizes more than one mechanism"
  {
    name: 'Basic and client_secret',
    body: `${granted}&client_id=client&client_secret=the+secret`,
    error: 'invalid_request',
    says: /more than one method/,
  },
  {
    name: 'Basic and an assertion',
    body: `${granted}&client_assertion_type=x&client_assertion=a.b.c`,
    error: 'invalid_request',
    says: /more than one method/,
  },
  {
    name: 'client_secret and an assertion',
    authorization: null,
    body: `${granted}&client_id=client&client_secret=the+secret&client_assertion=a.b.c`,
    error: 'invalid_request',
    says: /more than one method/,
  },
  {
    name: 'Basic for one client and client_id of another',
    body: `${granted}&client_id=suspended`,
    error: 'invalid_request',
    says: /name different clients/,
  },
  // invalid_request: "otherwise malformed"
  {
    name: 'JSON',
    type: 'application/json',
    body: '{"grant_type":"client_credentials"}',
    error: 'invalid_request',
    says: /Content-Type/,
  },
  {
    name: 'multipart',
    type: 'multipart/form-data; boundary=x',
    body: '--x--',
    error: 'invalid_request',
    says: /Content-Type/,
  },
  {
    name: 'a body without a content type',
    type: null,
    body: granted,
    error: 'invalid_request',
    says: /Content-Type|no body/,
  },
  { name: 'a broken escape', body: `${granted}&scope=%zz`, error: 'invalid_request', says: /percent escape/ },
  {
    name: 'a broken escape in a parameter without a name',
    body: `${granted}&=%zz`,
    error: 'invalid_request',
    says: /percent escape/,
  },
  {
    name: 'an escape that is no UTF-8',
    body: `${granted}&scope=%ff`,
    error: 'invalid_request',
    says: /percent escape/,
  },
  {
    name: 'bytes that are no UTF-8',
    body: Buffer.from('grant_type=\xff', 'latin1'),
    error: 'invalid_request',
    says: /UTF-8/,
  },
  {
    name: 'a body over 16 KiB',
    body: `${granted}&x=${'x'.repeat(16 * 1024)}`,
    error: 'invalid_request',
    status: 413,
    says: /too large/,
  },
  {
    name: 'a secret in the URL',
    url: '/connect/token?client_secret=x',
    error: 'invalid_request',
    says: /client_secret must be in the body/,
  },
  {
    name: 'all of it in the URL',
    url: `/connect/token?${granted}&client_id=client`,
    error: 'invalid_request',
    says: /must be in the body/,
  },
  ...(['GET', 'PUT', 'DELETE', 'PATCH', 'OPTIONS'] as const).map((method) => ({
    name: method,
    method,
    error: 'invalid_request',
    status: 405,
    says: /POST only/,
  })),
  // invalid_client
  ...[
    { name: 'no authentication', authorization: null, body: granted, says: /no client authentication/ },
    {
      name: 'client_id alone',
      authorization: null,
      body: `${granted}&client_id=client`,
      says: /no client authentication/,
    },
    {
      name: 'an unknown client',
      authorization: basic('nobody', 'the secret'),
      says: /unknown or its secret is wrong/,
    },
    {
      name: 'a wrong secret',
      authorization: basic('client', 'the Secret'),
      says: /unknown or its secret is wrong/,
    },
    { name: 'an empty secret', authorization: basic('client', ''), says: /unknown or its secret is wrong/ },
    { name: 'an empty id', authorization: basic('', 'the secret'), says: /unknown or its secret is wrong/ },
    {
      name: 'the hash for a secret',
      authorization: basic('client', '368a693d784c7d1957ec748148a5de1e1f2e97f1f6360c69b0cfcf6471bbbf07'),
      says: /unknown or its secret is wrong/,
    },
    {
      name: 'a wrong secret in the body',
      authorization: null,
      body: `${granted}&client_id=client&client_secret=x`,
      says: /unknown or its/,
    },
    {
      name: 'an unknown client in the body',
      authorization: null,
      body: `${granted}&client_id=__proto__&client_secret=x`,
      says: /unknown or its/,
    },
    { name: 'another scheme', authorization: 'Bearer abc', says: /must use the Basic scheme/ },
    { name: 'the scheme alone', authorization: 'Basic', says: /must use the Basic scheme/ },
    { name: 'an empty Authorization header', authorization: '', says: /must use the Basic scheme/ },
    { name: 'no base64', authorization: 'Basic !!!', says: /must use the Basic scheme/ },
    {
      name: 'no colon',
      authorization: `Basic ${Buffer.from('client').toString('base64')}`,
      says: /form-urlencoded client id/,
    },
    ...['client:%zz', '%zz:the secret'].map((pair) => ({
      name: `a broken escape in Basic, ${pair}`,
      authorization: `Basic ${Buffer.from(pair).toString('base64')}`,
      says: /form-urlencoded client id/,
    })),
    {
      name: 'an unknown client_assertion_type',
      authorization: null,
      body: `${granted}&client_assertion_type=urn%3Asaml&client_assertion=a.b.c`,
      says: /client_assertion_type must be/,
    },
  ].map((refusal) => ({ ...refusal, error: 'invalid_client', status: 401 })),
  // unauthorized_client
  {
    name: 'a client that may not use the grant',
    authorization: basic('suspended', 'the secret'),
    error: 'unauthorized_client',
    says: /may not use client_credentials/,
  },
  // unsupported_grant_type
  ...[
    'authorization_code',
    'password',
    'refresh_token',
    'CLIENT_CREDENTIALS',
    'urn:ietf:params:oauth:grant-type:jwt-bearer',
  ].map((type) => ({
    name: type,
    body: `grant_type=${encodeURIComponent(type)}`,
    error: 'unsupported_grant_type',
    says: /only supported grant_type/,
  })),
  // invalid_scope
  {
    name: 'an unknown scope',
    body: `${granted}&scope=api9`,
    error: 'invalid_scope',
    says: /no other scopes than api1 api2$/,
  },
  {
    name: 'one scope too many',
    body: `${granted}&scope=api1+admin`,
    error: 'invalid_scope',
    says: /no other scopes than api1 api2$/,
  },
  {
    name: 'the scope of another client',
    authorization: basic('a+b c%:e', 'the secret'),
    body: `${granted}&scope=api2`,
    error: 'invalid_scope',
    says: /no other scopes than api1$/,
  },
  // invalid_scope: RFC 9068 §3
  {
    name: 'scopes of two resources',
    authorization: basic('two resources', 'the secret'),
    body: `${granted}&scope=other1+api1`,
    error: 'invalid_scope',
    says: /request a token for each resource/,
  },
  {
    name: 'no scope, and those of the client are of two resources',
    authorization: basic('two resources', 'the secret'),
    error: 'invalid_scope',
    says: /request a token for each resource/,
  },
  {
    name: 'two spaces between scopes',
    body: `${granted}&scope=api1++api2`,
    error: 'invalid_scope',
    says: /malformed/,
  },
  {
    name: 'a space before the scope',
    body: `${granted}&scope=+api1`,
    error: 'invalid_scope',
    says: /malformed/,
  },
  { name: 'a space alone', body: `${granted}&scope=+`, error: 'invalid_scope', says: /malformed/ },
  {
    name: 'a quote in the scope',
    body: `${granted}&scope=%22api1%22`,
    error: 'invalid_scope',
    says: /malformed/,
  },
  {
    name: 'a line break in the scope',
    body: `${granted}&scope=api1%0aapi2`,
    error: 'invalid_scope',
    says: /malformed/,
  },
  {
    name: 'a scope that is not ASCII',
    body: `${granted}&scope=%C3%A9`,
    error: 'invalid_scope',
    says: /malformed/,
  },
]

describe('errors of RFC 6749 §5.2', () => {
  test.each(refusals)('$error: $name', async ({ error, status = 400, says, ...request }) => {
    const server = await testServer({ file })
    const response = await post(server, request)
    expect(response.statusCode).toBe(status)
    const body = response.json<{ error: string; error_description: string }>()
    expect(Object.keys(body)).toEqual(['error', 'error_description'])
    expect(body.error).toBe(error)
    expect(body.error_description).toMatch(says)
    expect(body.error_description).toMatch(/^[\x20-\x21\x23-\x5b\x5d-\x7e]+$/)
    expect(response.headers).toMatchObject({
      'content-type': 'application/json; charset=utf-8',
      'cache-control': 'no-store',
      pragma: 'no-cache',
    })
    const challenge = response.headers['www-authenticate'] ?? 'none'
    expect(challenge).toMatch(status === 401 ? /^Basic realm=/ : /^none$/)
    expect(response.headers['allow']).toBe(status === 405 ? 'POST' : undefined)
  })

  test('two Authorization headers are two methods, though Node shows the first alone', async () => {
    const { origin } = await listeningServer({ file })
    const pairs = [
      ['host', new URL(origin).host],
      ['content-type', formType],
      ['authorization', credentials],
      ['Authorization', credentials],
    ]
    const answer = await new Promise<http.IncomingMessage>((resolve, reject) => {
      http
        .request(`${origin}/connect/token`, { method: 'POST', headers: pairs.flat() }, resolve)
        .on('error', reject)
        .end(granted)
    })
    expect(JSON.parse(await text(answer))).toEqual({
      error: 'invalid_request',
      error_description: 'the request uses more than one method of client authentication',
    })
  })

  test('HEAD has no body and says what is allowed', async () => {
    const response = await post(await testServer(), { method: 'HEAD' })
    expect([response.statusCode, response.headers['allow'], response.body]).toEqual([405, 'POST', ''])
  })
})

function serverFailingWith(error: Error, log?: string[]): Promise<TestServer> {
  const sign = async (): Promise<never> => {
    throw error
  }
  return testServer({ wrapKey: (key) => remoteKey(key, sign), ...(log !== undefined && { log }) })
}

test.each(['gzip', 'br', 'GZIP, identity'])('a body with Content-Encoding: %s is 415', async (encoding) => {
  const response = await post(await testServer(), { headers: { 'content-encoding': encoding } })
  expect([response.statusCode, response.json()]).toEqual([
    415,
    { error: 'invalid_request', error_description: 'the body must not have a Content-Encoding' },
  ])
  expect(response.headers).toMatchObject({ 'cache-control': 'no-store', 'accept-encoding': 'identity' })
})

test('a body with Content-Encoding: identity is read', async () => {
  const response = await post(await testServer(), { headers: { 'content-encoding': 'identity' } })
  expect(response.statusCode).toBe(200)
})

test('a client with many scopes is told the first of them', async () => {
  const scopes = Array.from({ length: 22 }, (_, index) => `s${index}`)
  const many = (count: number): Promise<TestServer> =>
    testServer({
      file: settingsFile({
        resources: [{ audience: 'api', scopes }],
        clients: [client({ scopes: scopes.slice(0, count) })],
      }),
    })
  const told = async (count: number): Promise<string> =>
    (await post(await many(count), { body: `${granted}&scope=x` })).json<{ error_description: string }>()
      .error_description
  const first = scopes.slice(0, 20).join(' ')
  expect(await told(20)).toBe(`the client may have no other scopes than ${first}`)
  expect(await told(22)).toBe(`the client may have no other scopes than ${first} and 2 more`)
})

test('resource may be sent more than once, as RFC 8707 §2 has it, and is ignored', async () => {
  const body = `${granted}&resource=https%3A%2F%2Fa.example&resource=https%3A%2F%2Fb.example`
  expect((await post(await testServer(), { body })).statusCode).toBe(200)
})

test('a parameter without = has no value, and counts when it is repeated', async () => {
  const server = await testServer()
  expect((await post(server, { body: `scope&${granted}` })).json()).toMatchObject({ scope: 'api1 api2' })
  expect((await post(server, { body: `${granted}&scope&scope=api1` })).json()).toMatchObject({
    error: 'invalid_request',
    error_description: 'a parameter is included more than once',
  })
})

test.each([
  `x${credentials}`,
  ` ${credentials}`.replace(' Basic', 'Bearer Basic'),
  `${credentials} x`,
  `${credentials}, Basic abc`,
  credentials.replace('Basic ', 'Basic'),
])('the Authorization header %j is refused as a whole', async (authorization) => {
  const response = await post(await testServer(), { authorization })
  expect([response.statusCode, response.json<{ error: string }>().error]).toEqual([401, 'invalid_client'])
})

describe('a key that cannot sign', () => {
  test('has three seconds, when it is not in this process', async () => {
    let given: AbortSignal | undefined
    const server = await testServer({
      wrapKey: (key) =>
        remoteKey(key, (_data, options) => {
          given = options?.signal
          return Promise.reject(new SealwrightError('UNAVAILABLE', 'the vault is down'))
        }),
    })
    const timeouts = vi.spyOn(AbortSignal, 'timeout')
    onTestFinished(() => timeouts.mockRestore())
    await post(server)
    expect(timeouts.mock.calls).toEqual([[3000]])
    expect(given).toBe(timeouts.mock.results[0]?.value)
  })

  test('is in the log with its cause and the client', async () => {
    const log: string[] = []
    const cause = new SealwrightError('UNAVAILABLE', 'vault.example does not answer')
    await post(await testServer({ log, wrapKey: (key) => remoteKey(key, () => Promise.reject(cause)) }))
    expect(linesOf(log).find(({ level }) => level === 50)).toMatchObject({
      msg: 'token request failed',
      clientId: 'client',
      error: 'temporarily_unavailable',
      err: { type: 'SealwrightError', code: 'UNAVAILABLE', message: 'vault.example does not answer' },
    })
  })

  test.each<ErrorCode>(['UNAVAILABLE', 'TIMEOUT', 'ACCESS_DENIED', 'INVALID_SIGNATURE', 'NOT_FOUND'])(
    '%s is 503 with Retry-After and says nothing of the reason',
    async (code) => {
      const response = await post(
        await serverFailingWith(new SealwrightError(code, 'vault.example said no to alice')),
      )
      expect(response.statusCode).toBe(503)
      expect(response.headers).toMatchObject({
        'retry-after': '5',
        'cache-control': 'no-store',
        pragma: 'no-cache',
      })
      expect(response.json()).toEqual({
        error: 'temporarily_unavailable',
        error_description: 'the signing key is unavailable',
      })
    },
  )

  test('a deadline that passes is 503', async () => {
    const timeout = new DOMException('The operation was aborted due to timeout', 'TimeoutError')
    expect((await post(await serverFailingWith(timeout))).statusCode).toBe(503)
  })

  test.each([
    new TypeError('x is undefined'),
    Object.assign(new Error('x is undefined'), { name: 'RestError', statusCode: 403 }),
    ...(['INVALID_ARGUMENT', 'UNSUPPORTED_OPERATION', 'LIMIT_EXCEEDED'] as const).map(
      (code) => new SealwrightError(code, 'x is undefined'),
    ),
  ])('anything else is 500, without a stack: $name $code', async (error) => {
    const log: string[] = []
    const response = await post(await serverFailingWith(error, log))
    expect(response.statusCode).toBe(500)
    expect(linesOf(log)).toContainEqual(expect.objectContaining({ level: 50, msg: 'token request failed' }))
    expect(response.json()).toEqual({
      error: 'server_error',
      error_description: 'the request failed',
    })
    expect(response.headers['cache-control']).toBe('no-store')
    expect(response.headers['retry-after']).toBeUndefined()
  })
})
