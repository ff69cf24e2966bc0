import { createHash, X509Certificate } from 'node:crypto'
import * as oauth from 'oauth4webapi'
import * as openid from 'openid-client'
import { createRemoteJWKSet, jwtVerify, type JSONWebKeySet } from 'jose'
import { describe, expect, test } from 'vitest'
import { authorizationServerMetadataUrl } from '../../src/oauth/metadata.ts'
import { ecKey, rsaKey } from '../support/assertion.ts'
import { client, issuer, listeningServer, settingsFile, testServer } from '../support/server.ts'

describe('the documents', () => {
  test('RFC 8414 and OpenID Connect Discovery agree on the server', async () => {
    const { app } = await testServer()
    const rfc8414 = await app.inject('/.well-known/oauth-authorization-server')
    expect(rfc8414.json()).toEqual({
      issuer,
      token_endpoint: `${issuer}/connect/token`,
      jwks_uri: `${issuer}/.well-known/openid-configuration/jwks`,
      scopes_supported: ['api1', 'api2', 'other1'],
      response_types_supported: [],
      grant_types_supported: ['client_credentials'],
      token_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post', 'private_key_jwt'],
      token_endpoint_auth_signing_alg_values_supported: expect.arrayContaining([
        'RS256',
        'ES256',
        'Ed25519',
      ]) as unknown,
    })
    const discovery = await app.inject('/.well-known/openid-configuration')
    expect(discovery.json()).toEqual({
      ...rfc8414.json<object>(),
      subject_types_supported: ['public'],
      id_token_signing_alg_values_supported: ['ES256'],
    })
    for (const { headers } of [rfc8414, discovery]) {
      expect(headers['cache-control']).toMatch(/^public, max-age=\d+$/)
      expect(headers['content-type']).toMatch(/^application\/json/)
    }
  })

  test('the JWK Set has the public key alone, with its certificate and thumbprints', async () => {
    const { app, key } = await testServer()
    const response = await app.inject('/.well-known/openid-configuration/jwks')
    expect(response.headers['cache-control']).toBe('public, max-age=300, must-revalidate')
    expect(response.headers['content-type']).toBe('application/jwk-set+json')
    const { keys } = response.json<JSONWebKeySet>()
    expect(keys).toHaveLength(1)
    const [jwk] = keys
    expect(Object.keys(jwk ?? {}).toSorted()).toEqual(
      ['alg', 'crv', 'kid', 'kty', 'use', 'x', 'x5c', 'x5t', 'x5t#S256', 'y'].toSorted(),
    )
    expect(jwk).toMatchObject({ kty: 'EC', use: 'sig', alg: 'ES256', kid: key.keyId })
    const certificate = new X509Certificate(Buffer.from(jwk?.x5c?.[0] ?? '', 'base64'))
    expect(certificate.publicKey.export({ format: 'jwk' })).toEqual({
      kty: 'EC',
      crv: 'P-256',
      x: jwk?.x,
      y: jwk?.y,
    })
    expect(jwk?.['x5t#S256']).toBe(createHash('sha256').update(certificate.raw).digest('base64url'))
  })

  test('a client that has the JWK Set is told so, without a body (RFC 9110 §15.4.5)', async () => {
    const { app } = await testServer()
    const url = '/.well-known/openid-configuration/jwks'
    const { headers } = await app.inject(url)
    const etag = String(headers['etag'])
    for (const method of ['GET', 'HEAD'] as const) {
      const response = await app.inject({ method, url, headers: { 'if-none-match': etag } })
      expect([response.statusCode, response.body, response.headers['etag']]).toEqual([304, '', etag])
      expect(response.headers['cache-control']).toBe(headers['cache-control'])
      expect(response.headers['content-type']).toBeUndefined()
      expect(response.headers['content-length']).toBeUndefined()
    }
  })

  test('an issuer with a path has everything below it, but for what RFC 8414 §3.1 puts before it', async () => {
    const { app } = await testServer({
      env: { ISSUER: 'https://gateway.example/auth/id', WELCOME_PAGE: 'true' },
    })
    const status = async (url: string): Promise<number> => (await app.inject(url)).statusCode
    const metadata = await app.inject('/.well-known/oauth-authorization-server/auth/id')
    expect(metadata.json()).toMatchObject({
      issuer: 'https://gateway.example/auth/id',
      token_endpoint: 'https://gateway.example/auth/id/connect/token',
    })
    expect(await status('/auth/id/.well-known/openid-configuration')).toBe(200)
    expect(await status('/auth/id/.well-known/openid-configuration/jwks')).toBe(200)
    expect(await status('/auth/id/connect/token')).toBe(405)
    expect(await status('/auth/id/')).toBe(200)
    expect(await status('/health/ready')).toBe(200)
    expect(await status('/connect/token')).toBe(404)
    expect(await status('/.well-known/openid-configuration')).toBe(404)
  })

  test.each([
    ['https://id.example', 'https://id.example/.well-known/oauth-authorization-server'],
    ['https://id.example:8443/', 'https://id.example:8443/.well-known/oauth-authorization-server'],
    ['https://id.example/a/b', 'https://id.example/.well-known/oauth-authorization-server/a/b'],
    ['https://id.example/a/b/', 'https://id.example/.well-known/oauth-authorization-server/a/b'],
  ])('the metadata of %s are at %s (RFC 8414 §3.1)', (of, url) => {
    expect(authorizationServerMetadataUrl(of)).toBe(url)
  })
})

const keys = { ec: ecKey({ kid: 'ec' }), rsa: rsaKey({ kid: 'rsa' }) }
const file = settingsFile({
  clients: [client({ jwks: { keys: [keys.ec.jwk, keys.rsa.jwk] } })],
})

async function importKey(
  key: keyof typeof keys,
  algorithm: { readonly name: string; readonly namedCurve?: string; readonly hash?: string },
): Promise<openid.PrivateKey> {
  const der = keys[key].privateKey.export({ format: 'der', type: 'pkcs8' })
  return { key: await crypto.subtle.importKey('pkcs8', der, algorithm, false, ['sign']), kid: key }
}

describe('openid-client', () => {
  test.each<[string, () => openid.ClientAuth | Promise<openid.ClientAuth>]>([
    ['client_secret_basic', () => openid.ClientSecretBasic('the secret')],
    ['client_secret_post', () => openid.ClientSecretPost('the secret')],
    [
      'private_key_jwt with ES256',
      async () => openid.PrivateKeyJwt(await importKey('ec', { name: 'ECDSA', namedCurve: 'P-256' })),
    ],
    [
      'private_key_jwt with PS256',
      async () => openid.PrivateKeyJwt(await importKey('rsa', { name: 'RSA-PSS', hash: 'SHA-256' })),
    ],
  ])('gets a token with %s that jose verifies through the JWK Set', async (_, authentication) => {
    const { origin } = await listeningServer({ file })
    for (const algorithm of ['oidc', 'oauth2'] as const) {
      const config = await openid.discovery(new URL(origin), 'client', undefined, await authentication(), {
        algorithm,
        execute: [openid.allowInsecureRequests],
      })
      const tokens = await openid.clientCredentialsGrant(config, { scope: 'api1' })
      expect(tokens).toMatchObject({ token_type: 'bearer', expires_in: 600, scope: 'api1' })

      const jwks = createRemoteJWKSet(new URL(config.serverMetadata().jwks_uri ?? ''))
      const { payload } = await jwtVerify(tokens.access_token, jwks, {
        issuer: origin,
        audience: 'api',
        typ: 'at+jwt',
      })
      expect(payload.sub).toBe('client')

      const api = await openid.fetchProtectedResource(
        config,
        tokens.access_token,
        new URL(`${origin}/api/identity`),
        'GET',
      )
      expect(await api.json()).toEqual(payload)
    }
  })
})

describe('oauth4webapi', () => {
  const insecure = { [oauth.allowInsecureRequests]: true }

  async function request(
    authentication: oauth.ClientAuth,
    scope: string,
  ): Promise<oauth.TokenEndpointResponse> {
    const { origin } = await listeningServer({ file })
    const url = new URL(origin)
    const response = await oauth.discoveryRequest(url, { ...insecure, algorithm: 'oauth2' })
    const server = await oauth.processDiscoveryResponse(url, response)
    const parameters = new URLSearchParams({ scope })
    const self = { client_id: 'client' }
    const answer = await oauth.clientCredentialsGrantRequest(
      server,
      self,
      authentication,
      parameters,
      insecure,
    )
    return oauth.processClientCredentialsResponse(server, self, answer)
  }

  test('gets a token', async () => {
    expect(await request(oauth.ClientSecretBasic('the secret'), 'api1')).toMatchObject({ scope: 'api1' })
    expect(await request(oauth.ClientSecretPost('the secret'), 'api1')).toMatchObject({ scope: 'api1' })
  })

  test('understands the errors', async () => {
    await expect(request(oauth.ClientSecretPost('the secret'), 'api9')).rejects.toMatchObject({
      error: 'invalid_scope',
      status: 400,
    })
    await expect(request(oauth.ClientSecretBasic('wrong'), 'api1')).rejects.toMatchObject({
      status: 401,
      cause: [{ scheme: 'basic', parameters: { realm: 'token endpoint' } }],
    })
  })
})
