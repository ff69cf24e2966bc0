import { createPublicKey, X509Certificate, type KeyObject } from 'node:crypto'
import { algorithmsOf, createLocalSigner, type SigningKey } from '@sealwright/core'
import type { KeyRing } from '@sealwright/keyring'
import { privateKey } from '@sealwright/test-kit/keys'
import { rsaKey } from '@sealwright/test-kit/rsa-keys'
import { ExternalSigningKey, Provider, type Configuration, type JWKS } from 'oidc-provider'
import * as client from 'openid-client'
import { beforeEach, describe, expect, test, vi } from 'vitest'
import { authorizationServer } from '../examples/oidc-provider.ts'
import { rotatingProvider } from '../src/oidc-provider.ts'
import { logIn } from './support/browser.ts'
import { memoryAdapter } from './support/memory-adapter.ts'
import {
  openFolderRing,
  openTestRing,
  rotateInTheMiddle,
  serve,
  strictValidator,
} from './support/rotation.ts'
import { openVaultRing } from './support/vault-ring.ts'

const api = 'https://api.example.com'
const redirectUri = 'http://127.0.0.1/callback'
const configuration = {
  // oidc-provider's own default is RS256.
  clientDefaults: { id_token_signed_response_alg: 'ES256' },
  clients: [
    { client_id: 'web', client_secret: 'web-secret', redirect_uris: [redirectUri] },
    {
      client_id: 'job',
      client_secret: 'job-secret',
      redirect_uris: [],
      response_types: [],
      grant_types: ['client_credentials'],
    },
  ],
  cookies: { keys: ['cookie-key'] },
  features: {
    clientCredentials: { enabled: true },
    resourceIndicators: {
      enabled: true,
      defaultResource: () => api,
      useGrantedResource: () => true,
      getResourceServerInfo: () => ({ scope: 'read', accessTokenFormat: 'jwt', accessTokenTTL: 600 }),
    },
  },
} satisfies Configuration

beforeEach(() => {
  // What oidc-provider says of its own forms for development, and of Node 20.
  vi.spyOn(console, 'info').mockReturnValue()
  vi.spyOn(console, 'warn').mockReturnValue()
  return () => vi.restoreAllMocks()
})

/** The configuration with these keys, as in the example. */
function configured(jwks: JWKS): Configuration {
  const externalSigningSupport = { enabled: true, ack: 'experimental-01' }
  return { ...configuration, jwks, features: { ...configuration.features, externalSigningSupport } }
}

const insecure = { execute: [client.allowInsecureRequests] }

test('a person and a program log in with openid-client while the key in the vault rotates', async () => {
  const testRing = await openVaultRing('ec-p256')
  const persistent = { ...configuration, adapter: memoryAdapter() }
  const issuer = await serve((origin) => authorizationServer(testRing.ring, origin, persistent))
  const web = await client.discovery(new URL(issuer), 'web', 'web-secret', undefined, insecure)
  const job = await client.discovery(new URL(issuer), 'job', 'job-secret', undefined, insecure)
  const validator = strictValidator(web.serverMetadata().jwks_uri ?? '', { issuer })

  /** Logs a person in, and stops when the client would get the code. */
  const begin = async (hint?: string): Promise<{ readonly callback: URL; readonly checks: object }> => {
    const pkceCodeVerifier = client.randomPKCECodeVerifier()
    const expectedState = client.randomState()
    const start = client.buildAuthorizationUrl(web, {
      redirect_uri: redirectUri,
      scope: 'openid',
      code_challenge: await client.calculatePKCECodeChallenge(pkceCodeVerifier),
      code_challenge_method: 'S256',
      state: expectedState,
      // The provider verifies it, also when its key has been replaced.
      ...(hint !== undefined && { id_token_hint: hint }),
    })
    const callback = await logIn(start, redirectUri)
    return { callback, checks: { pkceCodeVerifier, expectedState, idTokenExpected: true } }
  }
  let login = await begin()
  let hint: string | undefined
  /** The code is from before the step, and the provider that gave it may be gone. */
  const person = async (): Promise<string[]> => {
    const tokens = await client.authorizationCodeGrant(web, login.callback, login.checks)
    login = await begin(hint)
    hint = tokens.id_token
    return [tokens.id_token ?? '', tokens.access_token]
  }
  const program = async (): Promise<string> => {
    const { access_token } = await client.clientCredentialsGrant(job, { scope: 'read' })
    return access_token
  }
  const kids = await rotateInTheMiddle(
    testRing,
    async () => [...(await person()), await program()],
    validator,
  )
  expect(kids).toHaveLength(2)
})

describe('the JWK Set', () => {
  test('is that of the ring, with x5c, an ETag and the max-age of its policy', async () => {
    const { ring } = await openFolderRing('ec-p256')
    const origin = await serve((issuer) => authorizationServer(ring, issuer, configuration))
    const answer = await fetch(`${origin}/jwks`)
    expect(answer.status).toBe(200)
    expect(Object.fromEntries(answer.headers)).toMatchObject(ring.jwksResponse().headers)
    const { keys } = (await answer.json()) as { keys: { kid: string; alg: string; x5c: string[] }[] }
    expect(keys).toEqual(ring.jwks().keys)
    const certificate = new X509Certificate(Buffer.from(keys[0]?.x5c[0] ?? '', 'base64'))
    expect(certificate.raw).toEqual(ring.signingKey().certificates[0]?.raw)
    const headers = { 'if-none-match': answer.headers.get('etag') ?? '' }
    const again = await fetch(`${origin}/jwks`, { headers })
    expect([again.status, await again.text()]).toEqual([304, ''])
  })

  test('is not served from a ring that is too old', async () => {
    const { ring, expire } = await openFolderRing('ec-p256')
    const origin = await serve((issuer) => authorizationServer(ring, issuer, configuration))
    expire()
    const answer = await fetch(`${origin}/jwks`)
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, expect.stringMatching(/^\d+$/)])
    const job = { grant_type: 'client_credentials', client_id: 'job', client_secret: 'job-secret' }
    const token = await fetch(`${origin}/token`, { method: 'POST', body: new URLSearchParams(job) })
    expect(token.status).toBe(500)
  })

  test('of a ring with several algorithms has a key for each, and each of them signs', async () => {
    const { ring } = await openFolderRing(['ec-p256', 'ed25519'], { algorithms: ['ES256', 'EdDSA'] })
    const { keys } = keysFor(ring)
    expect(keys.map(({ alg }) => alg)).toEqual(['ES256', 'EdDSA'])
    for (const key of keys) {
      expect(await key.sign(input({}))).toHaveLength(64)
    }
  })
})

/** A key in memory without a certificate. */
function localKey(key: KeyObject): SigningKey {
  const publicKey = createPublicKey(key)
  const { keyId } = createLocalSigner(key)
  return {
    name: 'local',
    version: keyId,
    location: 'memory',
    keyId,
    publicKey,
    algorithms: algorithmsOf(publicKey),
    certificates: [],
    notBefore: null,
    notAfter: null,
    enforcesValidity: false,
    createdAt: null,
    enabled: true,
    signer: (algorithm) => createLocalSigner(key, { algorithm }),
  }
}

/** The keys that the provider gets. */
function keysFor(ring: KeyRing): {
  readonly keys: readonly ExternalSigningKey[]
  readonly current: () => Provider
} {
  let keys: readonly ExternalSigningKey[] = []
  const { current } = rotatingProvider(ring, (jwks) => {
    keys = jwks.keys.filter((key) => key instanceof ExternalSigningKey)
    return new Provider('https://auth.example.com', configured(jwks))
  })
  return {
    get keys() {
      return keys
    },
    current,
  }
}

/** A JWS Signing Input. */
const input = (payload: object): Uint8Array =>
  Buffer.from(`e30.${Buffer.from(JSON.stringify(payload)).toString('base64url')}`)

describe('a key', () => {
  test('that is only announced verifies, and does not sign', async () => {
    const { ring } = await openFolderRing('ec-p256')
    await ring.rotate()
    const [active, announced] = keysFor(ring).keys
    expect(active?.kid).toBe(ring.signer().keyId)
    expect(await active?.sign(input({}))).toHaveLength(64)
    await expect(announced?.sign(input({}))).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      message: `the key ${announced?.kid} is published, but does not sign now`,
    })
  })

  test('finishes what was begun when it is replaced, for as long as clocks may differ', async () => {
    const { ring, pass } = await openFolderRing('ec-p256')
    const provider = keysFor(ring)
    await ring.rotate()
    await pass(ring.policy.announcement + 1)
    const [first] = provider.keys
    provider.current()
    const [second, retiring] = provider.keys
    expect([second?.kid, retiring?.kid]).toEqual([ring.signer().keyId, first?.kid])
    expect(await first?.sign(input({}))).toHaveLength(64)
    await pass(ring.policy.clockSkew)
    await expect(first?.sign(input({}))).rejects.toMatchObject({ code: 'UNAVAILABLE' })
  })

  test('does not sign a token that would outlive it in the JWK Set', async () => {
    const { ring } = await openFolderRing('ec-p256')
    const [key] = keysFor(ring).keys
    await expect(key?.sign(input({ iat: 0, exp: 86_400 }))).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining('the token is valid for 86400 s') as string,
    })
  })

  test('with several algorithms is refused, as oidc-provider signs one with each', async () => {
    const { ring } = await openTestRing([{ key: localKey(rsaKey(2048)) }], { algorithms: ['RS256', 'PS256'] })
    expect(() => keysFor(ring)).toThrow(expect.objectContaining({ code: 'UNSUPPORTED_ALGORITHM' }))
  })

  test('of another issuer is published and verifies', async () => {
    const [signing, other] = [localKey(privateKey('ES256')), localKey(rsaKey(2048))]
    const { ring } = await openTestRing([{ key: signing }, { key: other, signs: false }], {})
    expect(keysFor(ring).keys.map(({ kid, alg }) => [kid, alg])).toEqual([
      [signing.keyId, 'ES256'],
      [other.keyId, 'RS256'],
    ])
  })
})

test('the provider of before stays when the next one cannot be made, and the process is warned once', async () => {
  const { ring, pass } = await openFolderRing('ec-p256')
  const warning = vi.spyOn(process, 'emitWarning').mockReturnValue()
  let problem: Error | null = null
  const { current } = rotatingProvider(ring, (jwks) => {
    if (problem !== null) throw problem
    return new Provider('https://auth.example.com', configured(jwks))
  })
  const before = current()
  problem = new Error('no database')
  await ring.rotate()
  expect([current(), current()]).toEqual([before, before])
  expect(warning.mock.calls).toEqual([[problem]])
  problem = null
  // It is not tried again for each request, but for the next JWK Set.
  expect(current()).toBe(before)
  await pass(ring.policy.announcement + 1)
  expect(current()).not.toBe(before)
})

test('the arguments are checked', async () => {
  const { ring } = await openFolderRing('ec-p256')
  // @ts-expect-error -- as callers in JavaScript may
  expect(() => rotatingProvider({}, () => undefined)).toThrow('ring must be a KeyRing')
  // @ts-expect-error -- as callers in JavaScript may
  expect(() => rotatingProvider(ring, {})).toThrow('make must be a function')
})
