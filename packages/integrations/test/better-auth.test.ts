import { betterAuth } from 'better-auth'
import { memoryAdapter } from 'better-auth/adapters/memory'
import { createAuthClient } from 'better-auth/client'
import { jwtClient } from 'better-auth/client/plugins'
import { toNodeHandler } from 'better-auth/node'
import { jwt } from 'better-auth/plugins/jwt'
import { decodeJwt, decodeProtectedHeader } from 'jose'
import { describe, expect, test } from 'vitest'
import { routes } from '../examples/better-auth.ts'
import { jwksRoute, ringJwt } from '../src/better-auth.ts'
import { openFolderRing, rotateInTheMiddle, serve, strictValidator } from './support/rotation.ts'

const jwksUrl = 'https://auth.example.com/.well-known/jwks.json'
const secret = 'a secret for the cookies of this test alone'
const emailAndPassword = { enabled: true } as const

const isJwks = (request: Request): boolean => new URL(request.url).pathname === '/.well-known/jwks.json'

/** Empty tables, in memory. */
const tables = (): Record<string, never[]> => ({
  user: [],
  session: [],
  account: [],
  verification: [],
  jwks: [],
})

/** A fetch that keeps cookies, as browsers do. */
function browserFetch(): typeof fetch {
  const cookies = new Map<string, string>()
  return async (url, options) => {
    const headers = new Headers(options?.headers)
    headers.set('cookie', [...cookies].map(([name, value]) => `${name}=${value}`).join('; '))
    const response = await fetch(url, { ...options, headers })
    for (const cookie of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(cookie) ?? []
      cookies.set(name, value)
    }
    return response
  }
}

test("better-auth's own client gets tokens that jose and better-auth verify while the key rotates", async () => {
  const testRing = await openFolderRing('ec-p256')
  const database = tables()
  const origin = await serve((baseURL) => {
    const more = { secret, emailAndPassword, database: memoryAdapter(database) }
    const { auth, jwks } = routes(testRing.ring, baseURL, more)
    const handle = toNodeHandler(async (request) => (isJwks(request) ? jwks(request) : auth(request)))
    return (request, response) => void handle(request, response)
  })
  const client = createAuthClient({
    baseURL: origin,
    plugins: [jwtClient()],
    fetchOptions: { customFetchImpl: browserFetch(), headers: { origin } },
  })
  const { data } = await client.signUp.email({
    email: 'alice@example.com',
    password: 'a password',
    name: 'Alice',
  })
  const userId = data?.user.id
  await rotateInTheMiddle(
    testRing,
    async () => {
      const { data: answer, error } = await client.token()
      expect(error).toBeNull()
      const session = await client.getSession({ fetchOptions: { onSuccess: keepHeader } })
      expect(session.error).toBeNull()
      return [answer?.token ?? '', sessionToken]
    },
    strictValidator(`${origin}/.well-known/jwks.json`, {
      issuer: origin,
      audience: origin,
      subject: userId ?? '',
    }),
  )
  // The plugin has made no key of its own, and serves none.
  expect(database['jwks']).toEqual([])
  expect((await fetch(`${origin}/api/auth/jwks`)).status).toBe(404)
})

/** The token that comes with a session. */
let sessionToken = ''
function keepHeader({ response }: { readonly response: Response }): void {
  sessionToken = response.headers.get('set-auth-jwt') ?? ''
}

describe('better-auth itself', () => {
  const baseURL = 'https://auth.example.com'
  const options = { baseURL, secret }

  test('verifies tokens with the keys of the ring, also with one that retires', async () => {
    const { ring, pass } = await openFolderRing('ec-p256')
    const { api } = betterAuth({
      ...options,
      database: memoryAdapter(tables()),
      plugins: [jwt(ringJwt(ring, { jwksUrl }))],
    })
    const { token } = await api.signJWT({ body: { payload: { sub: 'alice', at: new Date(0) } } })
    expect(decodeProtectedHeader(token)).toEqual({ alg: 'ES256', typ: 'JWT', kid: ring.signer().keyId })
    const alice = { sub: 'alice', iss: baseURL, aud: baseURL, at: '1970-01-01T00:00:00.000Z' }
    expect((await api.verifyJWT({ body: { token } })).payload).toMatchObject(alice)
    await ring.rotate()
    await pass(ring.policy.announcement + 1)
    expect(ring.signer().keyId).not.toBe(decodeProtectedHeader(token).kid)
    expect((await api.verifyJWT({ body: { token } })).payload).toMatchObject(alice)
    expect((await api.verifyJWT({ body: { token: `${token.slice(0, -4)}AAAA` } })).payload).toBeNull()
  })

  test('keeps its other options, and names the algorithm of the ring', async () => {
    const { ring } = await openFolderRing('ec-p256')
    const made = ringJwt(ring, {
      jwksUrl,
      jwt: { issuer: 'https://a.example', audience: 'b', expirationTime: '5m' },
    })
    expect(made.jwks).toEqual({ remoteUrl: jwksUrl, keyPairConfig: { alg: 'ES256' } })
    const { api } = betterAuth({ ...options, database: memoryAdapter(tables()), plugins: [jwt(made)] })
    const { token } = await api.signJWT({ body: { payload: { sub: 'alice' } } })
    const { iss, aud, exp = 0 } = decodeJwt(token)
    expect([iss, aud]).toEqual(['https://a.example', 'b'])
    expect(exp - Math.floor(Date.now() / 1_000)).toBeLessThanOrEqual(300)
  })
})

describe('what the plugin asks for', () => {
  const payload = { sub: 'alice', exp: Math.floor(Date.now() / 1_000) + 60 }

  test('the header of a profile, and an algorithm of the ring, are in the token', async () => {
    const { ring } = await openFolderRing(['ec-p256', 'ed25519'], { algorithms: ['ES256', 'EdDSA'] })
    const sign = ringJwt(ring, { jwksUrl }).jwt?.sign
    const header = async (...args: Parameters<NonNullable<typeof sign>>): Promise<unknown> =>
      decodeProtectedHeader((await sign?.(...args)) ?? '')
    const kid = ring.signer('EdDSA').keyId
    expect(await header(payload, { typ: 'logout+jwt' })).toMatchObject({ alg: 'ES256', typ: 'logout+jwt' })
    expect(await header(payload, {}, { signingAlgorithm: 'EdDSA' })).toEqual({
      alg: 'EdDSA',
      typ: 'JWT',
      kid,
    })
    expect(await header(payload, {}, { signingAlgorithm: 'EdDSA', signingKeyId: kid })).toMatchObject({ kid })
    await expect(header(payload, {}, { signingKeyId: kid })).rejects.toMatchObject({
      code: 'UNSUPPORTED_OPERATION',
    })
    await expect(header(payload, {}, { signingAlgorithm: 'RS256' })).rejects.toMatchObject({
      code: 'UNSUPPORTED_ALGORITHM',
    })
  })

  test('a token that would outlive its key in the JWK Set is refused', async () => {
    const { ring } = await openFolderRing('ec-p256')
    const sign = ringJwt(ring, { jwksUrl }).jwt?.sign
    await expect(async () => sign?.({ iat: 1_000, exp: 1_000 + 3_601 })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining('valid for 3601 s, but') as string,
    })
    expect(await sign?.({ iat: 1_000, exp: 1_000 + 3_600 })).toMatch(/^ey/)
  })

  test('a lifetime of all tokens that is too long is refused at once', async () => {
    const { ring } = await openFolderRing('ec-p256')
    expect(() => ringJwt(ring, { jwksUrl, jwt: { expirationTime: '2h' } })).toThrow(
      'the token is valid for 7200 s',
    )
    expect(() => ringJwt(ring, { jwksUrl, jwt: { expirationTime: 'soon' } })).toThrow(
      "options.jwt.expirationTime must be a time such as '15m'",
    )
  })

  test('an algorithm that better-auth does not know is refused at once', async () => {
    const { ring } = await openFolderRing('ed25519')
    expect(() => ringJwt(ring, { jwksUrl })).toThrow(
      expect.objectContaining({
        code: 'UNSUPPORTED_ALGORITHM',
        message: expect.stringContaining('better-auth does not support Ed25519') as string,
      }),
    )
  })
})

test('the route answers as the ring does', async () => {
  const { ring, expire } = await openFolderRing('ec-p256')
  const route = jwksRoute(ring)
  const response = route(new Request(jwksUrl))
  const { status, headers, body } = ring.jwksResponse()
  expect([response.status, Object.fromEntries(response.headers), await response.text()]).toEqual([
    status,
    headers,
    body,
  ])
  const again = route(new Request(jwksUrl, { headers: { 'if-none-match': headers['etag'] ?? '' } }))
  expect([again.status, again.body]).toEqual([304, null])
  expire()
  expect(route(new Request(jwksUrl)).status).toBe(503)
})
