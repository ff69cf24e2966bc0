import { get, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http'
import { createJwtIssuer, signCompact } from '@sealwright/jws'
import type { KeyRing } from '@sealwright/keyring'
import express from 'express'
import Fastify, { type FastifyInstance } from 'fastify'
import { createLocalJWKSet, jwtVerify } from 'jose'
import * as oauth from 'oauth4webapi'
import { describe, expect, onTestFinished, test } from 'vitest'
import { build as buildExpress } from '../examples/express.ts'
import { build as buildFastify } from '../examples/fastify.ts'
import * as forExpress from '../src/express.ts'
import * as forFastify from '../src/fastify.ts'
import { ambiguousTokens } from './support/ambiguous-tokens.ts'
import { openFolderRing, rotateInTheMiddle, serve } from './support/rotation.ts'

const audience = 'https://api.example.com'
const path = '/tenant'

/** A server of either framework: how it is made of the example, and of the parts for an issuer with a path. */
interface Server {
  readonly example: (ring: KeyRing, issuer: string) => RequestListener | Promise<RequestListener>
  readonly parts: (
    ring: KeyRing,
    issuer: string,
    keys: KeyRing | URL,
  ) => RequestListener | Promise<RequestListener>
}

const invalid = (description: string): string =>
  `Bearer realm="api", error="invalid_token", error_description="${description}"`

async function listenerOf(app: FastifyInstance): Promise<RequestListener> {
  onTestFinished(() => app.close())
  await app.ready()
  return (request, response) => app.routing(request, response)
}

const servers: readonly (readonly [string, Server])[] = [
  [
    'Fastify',
    {
      example: (ring, issuer) => listenerOf(buildFastify(ring, issuer)),
      async parts(ring, issuer, keys) {
        const app = Fastify()
        app.register(forFastify.wellKnown(ring, { issuer }))
        const onRequest = forFastify.requireToken({ issuer, audience, keys })
        app.get('/me', { onRequest }, (request) => forFastify.claimsOf(request))
        app.get('/unprotected', (request) => forFastify.claimsOf(request))
        return listenerOf(app)
      },
    },
  ],
  [
    'Express',
    {
      example: (ring, issuer) => buildExpress(ring, issuer),
      parts(ring, issuer, keys) {
        const app = express().set('env', 'test')
        // In a router, whose path Express takes off the URL.
        app.use(path, forExpress.wellKnown(ring, { issuer }))
        app.use(forExpress.wellKnown(ring, { issuer }))
        app.get('/me', forExpress.requireToken({ issuer, audience, keys }), (request, response) => {
          response.json(forExpress.claimsOf(request))
        })
        app.get('/unprotected', (request, response) => {
          response.json(forExpress.claimsOf(request))
        })
        return app
      },
    },
  ],
]

describe.each(servers)('%s', (_, { example, parts }) => {
  test('issues and accepts tokens that oauth4webapi validates while the key rotates', async () => {
    const testRing = await openFolderRing('ec-p256')
    const issuer = await serve((origin) => example(testRing.ring, origin))
    const insecure = { [oauth.allowInsecureRequests]: true }
    const metadata = await oauth.processDiscoveryResponse(
      new URL(issuer),
      await oauth.discoveryRequest(new URL(issuer), insecure),
    )
    // oauth4webapi keeps a JWK Set for each such object, and reads it again for an unknown `kid` after a minute.
    let server = metadata
    await rotateInTheMiddle(
      testRing,
      async () => {
        const token = await (await fetch(`${issuer}/token`, { method: 'POST' })).text()
        const answer = await fetch(`${issuer}/me`, { headers: { authorization: `Bearer ${token}` } })
        expect(await answer.json()).toMatchObject({ iss: issuer, sub: 'alice' })
        return [token]
      },
      {
        validate: (token) =>
          oauth.validateJwtAccessToken(
            server,
            new Request(audience, { headers: { authorization: `Bearer ${token}` } }),
            audience,
            insecure,
          ),
        expire: async () => {
          server = { ...metadata }
        },
      },
    )
  })

  test('serves the documents of an issuer with a path, to caches too', async () => {
    const { ring } = await openFolderRing('ec-p256')
    const origin = await serve((url) => parts(ring, `${url}${path}`, ring))
    const issuer = new URL(`${origin}${path}`)
    const insecure = { [oauth.allowInsecureRequests]: true }
    for (const algorithm of ['oidc', 'oauth2'] as const) {
      const response = await oauth.discoveryRequest(issuer, { ...insecure, algorithm })
      expect(response.headers.get('cache-control')).toBe('public, max-age=3600, must-revalidate')
      const { jwks_uri } = await oauth.processDiscoveryResponse(issuer, response)
      expect(jwks_uri).toBe(`${issuer.href}/.well-known/jwks.json`)
    }
    const jwksUri = `${issuer.href}/.well-known/jwks.json?a`
    const answer = await fetch(jwksUri)
    const { status, headers, body } = ring.jwksResponse()
    expect(answer.status).toBe(status)
    expect(Object.fromEntries(answer.headers)).toMatchObject(headers)
    expect(await answer.text()).toBe(body)
    const head = await fetch(jwksUri, { method: 'HEAD' })
    expect([head.status, head.headers.get('etag'), await head.text()]).toEqual([200, headers['etag'], ''])
    const again = await fetch(jwksUri, { headers: { 'if-none-match': headers['etag'] ?? '' } })
    expect([again.status, await again.text()]).toEqual([304, ''])
    const post = await fetch(jwksUri, { method: 'POST' })
    expect(post.status).toBe(404)
  })

  test('refuses as RFC 6750 says what is not an access token of its issuer', async () => {
    const { ring } = await openFolderRing('ec-p256')
    let issuer = ''
    const origin = await serve((url) => parts(ring, (issuer = `${url}${path}`), ring))
    const issue = (options: object, claims: object = {}): Promise<string> =>
      createJwtIssuer(ring.signingKey(), { issuer, audience, ...options }).issue({ sub: 'alice', ...claims })
    const now = Math.floor(Date.now() / 1_000)
    const token = await issue({})
    const without = (name: string): Promise<string> => {
      const claims: Record<string, unknown> = { iss: issuer, aud: audience, sub: 'alice', exp: now + 60 }
      delete claims[name]
      const signer = ring.signer()
      return signCompact(signer, JSON.stringify(claims), { typ: 'at+jwt', kid: signer.keyId })
    }
    const requests: readonly (readonly [string | undefined, number, string | null])[] = [
      [`Bearer ${token}`, 200, null],
      [`bearer   ${token} `, 200, null],
      [undefined, 401, 'Bearer realm="api"'],
      ['Basic YTpi', 401, 'Bearer realm="api"'],
      [
        'Bearer',
        400,
        'Bearer realm="api", error="invalid_request", error_description="the Authorization header is malformed"',
      ],
      [`Bearer ${await without('none')}`, 200, null],
      [`Bearer ${await without('iss')}`, 401, invalid('the token is not valid here')],
      [`Bearer ${await without('aud')}`, 401, invalid('the token is not valid here')],
      [`Bearer ${await without('exp')}`, 401, invalid('the token is not valid here')],
      [`Bearer ${token}x`, 401, invalid('the token is not valid here')],
      [`Bearer ${token.slice(0, 100)}`, 401, invalid('the token is not valid here')],
      ['Bearer abc', 401, invalid('the token is not valid here')],
      [`Bearer ${await issue({}, { iat: now - 900, exp: now - 61 })}`, 401, invalid('the token has expired')],
      [`Bearer ${await issue({}, { iat: now - 900, exp: now - 30 })}`, 200, null],
      [`Bearer ${await issue({ typ: 'JWT' })}`, 401, invalid('the token is not valid here')],
      [
        `Bearer ${await issue({ audience: 'https://other.example.com' })}`,
        401,
        invalid('the token is not valid here'),
      ],
      [
        `Bearer ${await issue({ issuer: 'https://other.example.com' })}`,
        401,
        invalid('the token is not valid here'),
      ],
    ]
    for (const [authorization, status, challenge] of requests) {
      const headers = authorization === undefined ? {} : { authorization }
      const answer = await fetch(`${origin}/me`, { headers })
      expect([answer.status, answer.headers.get('www-authenticate')], authorization).toEqual([
        status,
        challenge,
      ])
    }
  })

  test('refuses a token that two programs can read in different ways', async () => {
    const { ring } = await openFolderRing('ec-p256')
    let issuer = ''
    const origin = await serve((url) => parts(ring, (issuer = url), ring))
    for (const token of await ambiguousTokens(ring, issuer, audience)) {
      await jwtVerify(token, createLocalJWKSet({ keys: [...ring.jwks().keys] }), { issuer, audience })
      const answer = await fetch(`${origin}/me`, { headers: { authorization: `Bearer ${token}` } })
      expect([answer.status, answer.headers.get('www-authenticate')]).toEqual([
        401,
        invalid('the token is not valid here'),
      ])
    }
  })

  test('refuses a request with two Authorization headers', async () => {
    const { ring } = await openFolderRing('ec-p256')
    let issuer = ''
    const origin = await serve((url) => parts(ring, (issuer = url), ring))
    const token = await createJwtIssuer(ring.signingKey(), { issuer, audience }).issue({ sub: 'alice' })
    const answer = await new Promise<IncomingMessage>((resolve, reject) => {
      const headers = [
        'Authorization',
        `Bearer ${token}`,
        'authorization',
        'Bearer other',
        'Host',
        new URL(origin).host,
      ]
      get(`${origin}/me`, { headers }, resolve).on('error', reject)
    })
    answer.resume()
    expect([answer.statusCode, answer.headers['www-authenticate']]).toEqual([
      400,
      'Bearer realm="api", error="invalid_request", error_description="the request has more than one Authorization header"',
    ])
  })

  test('answers with 503 while it cannot have the keys', async () => {
    const { ring, expire } = await openFolderRing('ec-p256')
    const token = await createJwtIssuer(ring.signingKey(), { issuer: 'https://a.example', audience }).issue(
      {},
    )
    const silent = await serve(() => (_request, response) => void response.writeHead(500).end())
    expire()
    for (const keys of [ring, new URL(`${silent}/jwks`), new URL('http://127.0.0.1:1')]) {
      const origin = await serve(() => parts(ring, 'https://a.example', keys))
      const answer = await fetch(`${origin}/me`, { headers: { authorization: `Bearer ${token}` } })
      expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '5'])
    }
  })

  test('gives no claims of a request whose token was not verified', async () => {
    const { ring } = await openFolderRing('ec-p256')
    const origin = await serve((url) => parts(ring, url, ring))
    expect((await fetch(`${origin}/unprotected`)).status).toBe(500)
  })
})

test('tells why the keys cannot be read, whatever becomes of the listener', async () => {
  const { ring, expire } = await openFolderRing('ec-p256')
  const options = { issuer: 'https://a.example', audience }
  const token = await createJwtIssuer(ring.signingKey(), options).issue({})
  expire()
  const errors: unknown[] = []
  const listeners: readonly ((error: unknown) => unknown)[] = [
    (error) => errors.push(error),
    () => {
      throw new Error('of the listener')
    },
    () => Promise.reject(new Error('of the listener')),
  ]
  for (const onUnavailable of listeners) {
    const origin = await serve(() =>
      express().use(forExpress.requireToken({ ...options, keys: ring, onUnavailable })),
    )
    expect((await fetch(origin, { headers: { authorization: `Bearer ${token}` } })).status).toBe(503)
  }
  expect(errors).toEqual([expect.objectContaining({ code: 'UNAVAILABLE' })])
})

test('a middleware never rejects: Express 4 and Connect ignore its promise', async () => {
  const { ring } = await openFolderRing('ec-p256')
  const middleware = forExpress.requireToken({ issuer: 'https://a.example', audience, keys: ring })
  const failing = {
    setHeader() {
      throw new Error('the headers are sent')
    },
  } as unknown as ServerResponse
  const errors: unknown[] = []
  const request = { headers: {}, rawHeaders: [] as string[] } as IncomingMessage
  await middleware(request, failing, (error) => errors.push(error))
  expect(errors).toEqual([new Error('the headers are sent')])
})

test.each([
  ['issuer', { issuer: '' }],
  ['audience', { audience: [] }],
  ['keys', { keys: 'https://auth.example.com/jwks' }],
  ['keys', { keys: new URL('http://auth.example.com/jwks') }],
  ['keys', { keys: new URL('file:///jwks.json') }],
  ['typ', { typ: '' }],
  ['onUnavailable', { onUnavailable: 'log' }],
  ['algorithms', { algorithms: 'RS256' }],
  ['clockTolerance', { clockTolerance: 1_000 }],
  ['audiences', { audiences: audience }],
])('the option %s is checked', (name, wrong) => {
  const options = { issuer: 'https://a.example', audience, keys: new URL('https://a.example/jwks'), ...wrong }
  for (const { requireToken } of [forFastify, forExpress]) {
    // @ts-expect-error -- as callers in JavaScript may
    expect(() => requireToken(options)).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT', message: expect.stringContaining(name) as string }),
    )
  }
})
