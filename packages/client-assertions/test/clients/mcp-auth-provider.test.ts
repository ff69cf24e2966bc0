import { generateKeyPairSync } from 'node:crypto'
import { createLocalSigner } from '@sealwright/core'
import { expect, test } from 'vitest'
import { createAssertionSource, mcpAuthProvider, privateKeyJwt } from '../../src/index.ts'

const issuer = 'https://id.example'
const clientId = 'reports'
const signer = createLocalSigner(generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey)
const assertions = createAssertionSource(signer, privateKeyJwt({ clientId, audience: issuer }))

test('a token request has the grant, the scope and an assertion of its own', async () => {
  const provider = mcpAuthProvider(assertions, { clientId, issuer, scope: 'mcp:read mcp:write' })
  const requests = [provider.prepareTokenRequest(), provider.prepareTokenRequest('mcp:read')]
  for (const request of requests) await provider.addClientAuthentication(new Headers(), request)
  expect(requests.map((request) => request.get('scope'))).toEqual(['mcp:read mcp:write', 'mcp:read'])
  expect(new Set(requests.map((request) => request.get('client_assertion'))).size).toBe(2)
  expect([...(requests[0]?.keys() ?? [])]).toEqual([
    'grant_type',
    'scope',
    'client_id',
    'client_assertion_type',
    'client_assertion',
  ])
})

test('without a scope it asks for none', () => {
  const provider = mcpAuthProvider(assertions, { clientId, issuer })
  expect(provider.clientMetadata).not.toHaveProperty('scope')
  expect(provider.prepareTokenRequest().toString()).toBe('grant_type=client_credentials')
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
