import { generateKeyPairSync } from 'node:crypto'
import { createLocalSigner } from '@sealwright/core'
import { decodeJwt } from 'jose'
import { describe, expect, test } from 'vitest'
import {
  createAssertionSource,
  mcpAuthProvider,
  privateKeyJwt,
  type AssertionSource,
} from '../../src/index.ts'

const issuer = 'https://id.example'
const tokenEndpoint = new URL('https://id.example/token')
const clientId = 'reports'
const signer = createLocalSigner(generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey)
const assertions = createAssertionSource(signer, privateKeyJwt({ clientId, audience: issuer }))
/** It signs nothing. */
const unusedAssertions: AssertionSource = {
  algorithm: assertions.algorithm,
  keyId: assertions.keyId,
  assertion: () => Promise.reject(new Error('it was asked for an assertion')),
  issue: () => Promise.reject(new Error('it was asked for an assertion')),
}

test('a token request has the grant, the scope and an assertion of its own', async () => {
  const provider = mcpAuthProvider(assertions, { clientId, issuer, scope: 'mcp:read mcp:write' })
  const requests = [provider.prepareTokenRequest(), provider.prepareTokenRequest('mcp:admin')]
  for (const request of requests) {
    await provider.addClientAuthentication(new Headers(), request, tokenEndpoint, { issuer })
  }
  // Whatever the SDK was told by the MCP server.
  expect(requests.map((request) => request.get('scope'))).toEqual([
    'mcp:read mcp:write',
    'mcp:read mcp:write',
  ])
  expect(new Set(requests.map((request) => request.get('client_assertion'))).size).toBe(2)
  expect([...(requests[0]?.keys() ?? [])]).toEqual([
    'grant_type',
    'scope',
    'client_id',
    'client_assertion_type',
    'client_assertion',
  ])
})

test('without a scope it asks for those of the SDK, or none', () => {
  const provider = mcpAuthProvider(assertions, { clientId, issuer })
  expect(provider.clientMetadata).not.toHaveProperty('scope')
  expect(provider.prepareTokenRequest().toString()).toBe('grant_type=client_credentials')
  expect(provider.prepareTokenRequest('mcp:read').get('scope')).toBe('mcp:read')
})

describe('an assertion is sent to the token endpoint of its server', () => {
  const elsewhere = 'https://login.example/oauth2/token'
  const realm = 'https://id.example/realms/contoso'

  test.each([
    ['as a string', { issuer }, tokenEndpoint.href, { issuer }],
    ['with a slash after the issuer', { issuer }, tokenEndpoint, { issuer: `${issuer}/` }],
    ['with a slash after the option', { issuer: `${realm}/` }, tokenEndpoint, { issuer: realm }],
    ['in other spellings', { issuer }, 'HTTPS://ID.example:443/token', { issuer: 'https://ID.example:443' }],
    ['without metadata', { issuer }, tokenEndpoint, undefined],
    ['at another origin, as the option says', { issuer, tokenEndpoint: elsewhere }, elsewhere, { issuer }],
  ])('%s', async (_, options, url, metadata) => {
    const parameters = new URLSearchParams()
    const provider = mcpAuthProvider(assertions, { clientId, ...options })
    await provider.addClientAuthentication(new Headers(), parameters, url, metadata)
    expect(decodeJwt(parameters.get('client_assertion') ?? '').aud).toBe(issuer)
  })

  test.each([
    ['whose metadata is of another server', { issuer }, tokenEndpoint, { issuer: 'https://rogue.example' }],
    ['of another realm', { issuer: realm }, tokenEndpoint, { issuer: `${issuer}/realms/other` }],
    ['of a realm below', { issuer }, tokenEndpoint, { issuer: realm }],
    ['whose metadata copies the issuer', { issuer }, 'https://rogue.example/token', { issuer }],
    ['without metadata', { issuer }, 'https://rogue.example/token', undefined],
    ['at another port', { issuer }, 'https://id.example:8443/token', { issuer }],
    ['without TLS', { issuer }, 'http://id.example/token', { issuer }],
    ['at a host with the same beginning', { issuer }, 'https://id.example.rogue.example/token', { issuer }],
    ['with the host as a user', { issuer }, 'https://id.example@rogue.example/token', { issuer }],
    ['that is no URL', { issuer }, 'token', { issuer }],
    ['that is not the option', { issuer, tokenEndpoint: elsewhere }, tokenEndpoint, { issuer }],
    [
      'of the option, with other metadata',
      { issuer, tokenEndpoint: elsewhere },
      elsewhere,
      { issuer: realm },
    ],
  ])('and not to one %s', async (_, options, url, metadata) => {
    const parameters = new URLSearchParams()
    const provider = mcpAuthProvider(unusedAssertions, { clientId, ...options })
    await expect(
      provider.addClientAuthentication(new Headers(), parameters, url, metadata),
    ).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringMatching(/^no assertion was sent: /) as string,
    })
    expect(parameters.size).toBe(0)
  })

  test('the error says where it would have gone, without the rest of the URL', async () => {
    const provider = mcpAuthProvider(assertions, { clientId, issuer })
    const url = 'https://user:secret@rogue.example/secret?secret'
    await expect(
      provider.addClientAuthentication(new Headers(), new URLSearchParams(), url, { issuer }),
    ).rejects.toThrow(
      /the token endpoint is at https:\/\/rogue\.example, but options\.issuer is https:\/\/id\.example; .*options\.tokenEndpoint$/,
    )
  })
})

test('it keeps the tokens, and names the server that the client is registered with', () => {
  const provider = mcpAuthProvider(assertions, { clientId, issuer })
  expect(provider.tokens()).toBeUndefined()
  const tokens = { access_token: 'a token', token_type: 'Bearer', issuer }
  provider.saveTokens(tokens)
  expect(provider.tokens()).toBe(tokens)
  expect(provider.clientInformation()).toEqual({ client_id: clientId, issuer })
})

test('a grant of a user is refused', () => {
  const provider = mcpAuthProvider(assertions, { clientId, issuer })
  for (const call of ['redirectToAuthorization', 'saveCodeVerifier', 'codeVerifier'] as const) {
    expect(() => provider[call]()).toThrow(expect.objectContaining({ code: 'UNSUPPORTED_OPERATION' }))
  }
})

test.each([
  ['no source', () => mcpAuthProvider({} as never, { clientId, issuer }), /AssertionSource/],
  ['no client ID', () => mcpAuthProvider(assertions, { issuer } as never), /options.clientId must be/],
  [
    'an issuer without TLS',
    () => mcpAuthProvider(assertions, { clientId, issuer: 'http://id.example' }),
    /https/,
  ],
  [
    'a token endpoint without TLS',
    () => mcpAuthProvider(assertions, { clientId, issuer, tokenEndpoint: 'http://id.example/token' }),
    /options.tokenEndpoint must be an https/,
  ],
  [
    'two spaces in the scope',
    () => mcpAuthProvider(assertions, { clientId, issuer, scope: 'a  b' }),
    /one space/,
  ],
  [
    'a list of scopes',
    () => mcpAuthProvider(assertions, { clientId, issuer, scope: ['a'] as never }),
    /scope/,
  ],
])('%s is refused', (_, call, message) => {
  expect(call).toThrow(
    expect.objectContaining({ code: 'INVALID_ARGUMENT', message: expect.stringMatching(message) as string }),
  )
})
