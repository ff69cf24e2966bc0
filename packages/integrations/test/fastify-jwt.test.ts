import fastifyJwt from '@fastify/jwt'
import { createJwtIssuer, signCompact, type JwtClaims, type JwtIssuerOptions } from '@sealwright/jws'
import type { KeyRing } from '@sealwright/keyring'
import Fastify, { type FastifyInstance } from 'fastify'
import { createLocalJWKSet, jwtVerify } from 'jose'
import { describe, expect, onTestFinished, test } from 'vitest'
import { api } from '../examples/fastify-jwt.ts'
import { verifyOptions } from '../src/fastify-jwt.ts'
import { ambiguousTokens } from './support/ambiguous-tokens.ts'
import { openFolderRing, rotateInTheMiddle, serve } from './support/rotation.ts'

const issuer = 'https://auth.example.com'
const audience = 'https://api.example.com'

function issue(
  ring: KeyRing,
  options: Partial<JwtIssuerOptions> = {},
  claims: JwtClaims = {},
): Promise<string> {
  return createJwtIssuer(ring.signingKey(), { issuer, audience, ...options }).issue({
    sub: 'alice',
    ...claims,
  })
}

/** A token that is complete but for one claim. */
function withoutClaim(ring: KeyRing, name: string): Promise<string> {
  const exp = Math.floor(Date.now() / 1_000) + 60
  const claims: Record<string, unknown> = { iss: issuer, aud: audience, sub: 'alice', exp }
  delete claims[name]
  const signer = ring.signer()
  return signCompact(signer, JSON.stringify(claims), { typ: 'at+jwt', kid: signer.keyId })
}

function closed(app: FastifyInstance): FastifyInstance {
  onTestFinished(() => app.close())
  return app
}

/** What @fastify/jwt makes of a token. */
async function verify(app: FastifyInstance, token: string): Promise<readonly [number, unknown]> {
  const answer = await app.inject({ url: '/me', headers: { authorization: `Bearer ${token}` } })
  return [answer.statusCode, answer.json()]
}

describe.each(['ring', 'URL'])('@fastify/jwt with the %s of the keys', (kind) => {
  test('accepts tokens while the key rotates', async () => {
    const testRing = await openFolderRing('ec-p256')
    const origin = await serve(
      () => (_request, response) => void response.end(testRing.ring.jwksResponse().body),
    )
    const make = (): FastifyInstance =>
      closed(api(kind === 'ring' ? testRing.ring : new URL(`${origin}/jwks`), issuer))
    let app = make()
    const kids = await rotateInTheMiddle(testRing, async () => [await issue(testRing.ring)], {
      async validate(token) {
        expect(await verify(app, token)).toEqual([200, expect.objectContaining({ sub: 'alice' })])
      },
      async expire() {
        app = make()
      },
    })
    expect(kids).toHaveLength(2)
  })
})

test('it accepts EdDSA of Ed25519 keys, and not the name Ed25519', async () => {
  const { ring } = await openFolderRing('ed25519', { algorithms: ['EdDSA'] })
  expect(await verify(closed(api(ring, issuer)), await issue(ring))).toMatchObject([200, {}])
  const { ring: other } = await openFolderRing('ed25519')
  const [status] = await verify(closed(api(other, issuer)), await issue(other))
  expect(status).not.toBe(200)
})

test('it refuses what is not an access token of the issuer', async () => {
  const { ring } = await openFolderRing('ec-p256')
  const { ring: stranger } = await openFolderRing('ec-p256')
  const app = closed(api(ring, issuer))
  const now = Math.floor(Date.now() / 1_000)
  const token = await issue(ring)
  const tokens = {
    'an ID token': await issue(ring, { typ: 'JWT' }),
    'another issuer': await issue(ring, { issuer: 'https://other.example.com' }),
    'another audience': await issue(ring, { audience: 'https://other.example.com' }),
    'an unknown key': await issue(stranger),
    'a token that has expired': await issue(ring, {}, { iat: now - 900, exp: now - 61 }),
    'no issuer': await withoutClaim(ring, 'iss'),
    'no audience': await withoutClaim(ring, 'aud'),
    'no expiry': await withoutClaim(ring, 'exp'),
    'a changed token': `${token.slice(0, -4)}AAAA`,
  }
  for (const [name, each] of Object.entries(tokens)) {
    const [status] = await verify(app, each)
    expect(status, name).toBe(401)
  }
})

test('it refuses a token that two programs can read in different ways', async () => {
  const { ring } = await openFolderRing('ec-p256')
  const app = closed(api(ring, issuer))
  for (const token of await ambiguousTokens(ring, issuer, audience)) {
    await jwtVerify(token, createLocalJWKSet({ keys: [...ring.jwks().keys] }), { issuer, audience })
    expect(await verify(app, token)).toEqual([
      401,
      expect.objectContaining({ message: expect.stringContaining('the token is not valid here') as string }),
    ])
  }
})

test('it takes the typ in any of its spellings, and a key without a name', async () => {
  const { ring } = await openFolderRing('ec-p256')
  const app = closed(api(ring, issuer))
  expect(await verify(app, await issue(ring, { typ: 'application/AT+JWT' }))).toMatchObject([200, {}])
  const claims = { iss: issuer, aud: audience, exp: Math.floor(Date.now() / 1_000) + 60 }
  const nameless = await signCompact(ring.signer(), JSON.stringify(claims), { typ: 'at+jwt' })
  expect(await verify(app, nameless)).toMatchObject([200, {}])
})

test('it answers with 503 while it cannot have the keys', async () => {
  const { ring, expire } = await openFolderRing('ec-p256')
  const token = await issue(ring)
  expire()
  for (const keys of [ring, new URL('http://127.0.0.1:1')]) {
    const [status] = await verify(closed(api(keys, issuer)), token)
    expect(status).toBe(503)
  }
})

test('it does not sign, as it would need the private key', async () => {
  const { ring } = await openFolderRing('ec-p256')
  const app = closed(Fastify())
  app.register(fastifyJwt, verifyOptions({ issuer, audience, keys: ring }))
  app.get('/token', (_request, reply) => reply.jwtSign({ sub: 'alice' }))
  const answer = await app.inject('/token')
  expect(answer.json()).toMatchObject({
    statusCode: 500,
    message: 'unable to sign: secret is configured in verify mode',
  })
})
