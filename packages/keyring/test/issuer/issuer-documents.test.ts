import { describe, expect, onTestFinished, test } from 'vitest'
import { issuerDocuments, openKeyRing, type IssuerDocument, type KeyRing } from '../../src/index.ts'
import { MemoryStore } from '../support/memory-store.ts'

const issuer = 'https://auth.example.com'
let ahead = 0
const clock = { now: () => Date.now() + ahead, elapsed: () => performance.now() + ahead }

async function openRing(): Promise<{ readonly ring: KeyRing; readonly store: MemoryStore }> {
  const store = new MemoryStore()
  const create = { keyType: 'ec-p256' } as const
  const ring = await openKeyRing([{ store, name: 'a', create }], {}, { clock })
  onTestFinished(() => ring.close())
  return { ring, store }
}

/** By its path. */
async function documentsOf(
  options: Parameters<typeof issuerDocuments>[1],
): Promise<{ readonly ring: KeyRing; readonly at: (path: string) => IssuerDocument['respond'] }> {
  const { ring } = await openRing()
  const documents = issuerDocuments(ring, options)
  return {
    ring,
    at(path) {
      const found = documents.find((document) => document.path === path)
      if (found === undefined) throw new Error(`no document at ${path}`)
      return (request) => found.respond(request)
    },
  }
}

describe('the documents of an issuer', () => {
  test('are its JWK Set and its metadata, with what caches need', async () => {
    const { ring, at } = await documentsOf({ issuer })
    expect(at('/.well-known/jwks.json')()).toEqual(ring.jwksResponse())
    for (const path of ['/.well-known/openid-configuration', '/.well-known/oauth-authorization-server']) {
      const { status, headers, body } = at(path)()
      expect(status).toBe(200)
      expect(headers).toEqual({
        'access-control-allow-origin': '*',
        'cache-control': 'public, max-age=3600, must-revalidate',
        'content-type': 'application/json',
        etag: expect.stringMatching(/^"[\w-]{43}"$/) as string,
      })
      expect(JSON.parse(body)).toEqual({
        issuer,
        jwks_uri: `${issuer}/.well-known/jwks.json`,
        response_types_supported: [],
        subject_types_supported: ['public'],
        id_token_signing_alg_values_supported: ['ES256'],
      })
    }
  })

  test('are not sent to a client that has them', async () => {
    const { at } = await documentsOf({ issuer })
    for (const path of ['/.well-known/jwks.json', '/.well-known/openid-configuration']) {
      const { headers } = at(path)()
      expect(at(path)({ ifNoneMatch: headers['etag'] })).toMatchObject({ status: 304, body: '' })
      expect(at(path)({ ifNoneMatch: '"another"' })).toMatchObject({ status: 200 })
    }
  })

  test('of an issuer with a path are where OpenID Connect and RFC 8414 say', async () => {
    const { at } = await documentsOf({ issuer: `${issuer}/tenant/` })
    const metadata = at('/tenant/.well-known/openid-configuration')()
    expect(JSON.parse(metadata.body)).toMatchObject({ jwks_uri: `${issuer}/tenant/.well-known/jwks.json` })
    expect(at('/.well-known/oauth-authorization-server/tenant')()).toEqual(metadata)
    expect(at('/tenant/.well-known/jwks.json')().status).toBe(200)
  })

  test('have the further members that are given', async () => {
    const { at } = await documentsOf({
      issuer,
      metadata: { token_endpoint: `${issuer}/token`, response_types_supported: ['code'] },
    })
    expect(JSON.parse(at('/.well-known/oauth-authorization-server')().body)).toMatchObject({
      issuer,
      token_endpoint: `${issuer}/token`,
      response_types_supported: ['code'],
    })
  })

  test.each([
    ['a bigint', { x: 1n }, 'options.metadata cannot be serialized as a JSON object'],
    [
      'what JSON has as no object',
      { toJSON: () => 'text' },
      'options.metadata cannot be serialized as a JSON object',
    ],
    [
      'another issuer',
      { issuer: 'https://other.example.com' },
      'options.metadata.issuer differs from that of the issuer',
    ],
    [
      'another JWK Set',
      { jwks_uri: `${issuer}/keys` },
      'options.metadata.jwks_uri differs from that of the issuer',
    ],
  ])('are not made with metadata that has %s', async (_, metadata, message) => {
    const { ring } = await openRing()
    expect(() => issuerDocuments(ring, { issuer, metadata })).toThrow(
      expect.objectContaining({
        code: 'INVALID_ARGUMENT',
        message: expect.stringContaining(message) as string,
      }),
    )
  })

  test('do not change with the object that was given', async () => {
    const metadata: Record<string, unknown> = { issuer, token_endpoint: `${issuer}/token` }
    const { at } = await documentsOf({ issuer, metadata })
    metadata['token_endpoint'] = 1n
    expect(JSON.parse(at('/.well-known/openid-configuration')().body)).toMatchObject({
      token_endpoint: `${issuer}/token`,
    })
  })

  test('of a ring that is too old are no JWK Set, while the metadata is still true', async () => {
    const { ring, store } = await openRing()
    const [jwks, metadata] = issuerDocuments(ring, { issuer })
    store.outage = new Error('down')
    ahead = 2 * 86_400_000
    onTestFinished(() => {
      ahead = 0
    })
    expect(jwks?.respond()).toMatchObject({ status: 503, body: '' })
    expect(metadata?.respond()).toMatchObject({ status: 200 })
  })
})

test.each(['http://auth.example.com', 'https://auth.example.com?', 'https://auth.example.com#a', 'auth', ''])(
  'an issuer that cannot be one is refused: %o',
  async (name) => {
    const { ring } = await openRing()
    expect(() => issuerDocuments(ring, { issuer: name })).toThrow(
      expect.objectContaining({
        code: 'INVALID_ARGUMENT',
        message: 'options.issuer is not an https URL without query and fragment',
      }),
    )
  },
)

test.each(['http://localhost:3000', 'http://127.0.0.1:3000/auth', 'http://[::1]:3000'])(
  'an issuer on this machine may be one without TLS: %s',
  async (name) => {
    const { ring } = await openRing()
    expect(issuerDocuments(ring, { issuer: name })).toHaveLength(3)
  },
)
