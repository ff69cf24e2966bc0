import { createPrivateKey, generateKeyPairSync } from 'node:crypto'
import { createLocalJWKSet, jwtVerify, type JSONWebKeySet, type JWK } from 'jose'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { verifiableAlgorithms } from '../../src/settings/client-key.ts'
import type { Client } from '../../src/settings/settings.ts'
import { createAssertionVerifier, type Assertion } from '../../src/oauth/client-assertion.ts'
import { replayWindow } from '../../src/oauth/assertion-times.ts'
import { createDecoyKeys } from '../../src/oauth/decoy-keys.ts'
import { MemoryReplayStore } from '../../src/replay/memory-store.ts'
import { claims, ecKey, rsaJwk, rsaKey, seconds, sign, type ClientKey } from '../support/assertion.ts'
import { assertionRequest } from '../support/requests.ts'
import { client, issuer, settingsFile, testServer, type TestServer } from '../support/server.ts'

/** The one answer to assertions that no key vouches for. */
const untrusted =
  /^the client is unknown or the assertion is not signed with one of its keys; a client with several keys must send the kid in the header$/

const start = new Date('2030-01-01T00:00:00Z')
const key = ecKey()
const other = ecKey()
const rsa = rsaKey()

/** The key with members in its JWK. */
const withMembers = (its: ClientKey, members: Readonly<JWK>): ClientKey => ({
  ...its,
  jwk: { ...its.jwk, ...members },
})

interface Answer {
  readonly status: number
  readonly error?: string
  readonly error_description?: string
}

/** A server whose client `client` has these keys, at a time that can be moved. */
async function assertionServer(...keys: readonly ClientKey[]): Promise<{
  readonly server: TestServer
  readonly time: { now: Date }
  readonly log: string[]
  readonly use: (assertion: string, parameters?: Readonly<Record<string, string>>) => Promise<Answer>
}> {
  const time = { now: start }
  const log: string[] = []
  const jwks = { keys: keys.map((each) => each.jwk) }
  const server = await testServer({
    clock: () => time.now,
    log,
    file: settingsFile({
      clients: [
        client({ secrets: [], jwks }),
        client({ clientId: 'neighbour', secrets: [], jwks: { keys: [other.jwk] } }),
        client({ clientId: 'without keys' }),
      ],
    }),
  })
  return {
    server,
    time,
    log,
    use: async (assertion, parameters = {}) => {
      const response = await server.app.inject(assertionRequest(assertion, parameters))
      return { status: response.statusCode, ...response.json<object>() }
    },
  }
}

describe('private_key_jwt', () => {
  test.each([
    { name: 'for the issuer', payload: claims(start, issuer) },
    { name: 'for the token endpoint', payload: claims(start, `${issuer}/connect/token`) },
    { name: 'without iat', payload: claims(start, issuer, { iat: undefined }) },
    {
      name: 'that expired within the tolerance',
      payload: claims(start, issuer, { exp: seconds(start) - 20 }),
    },
    {
      name: 'that lives ten minutes, with the tolerance',
      payload: claims(start, issuer, { exp: seconds(start) + 630 }),
    },
    { name: 'with a jti of 256 characters', payload: claims(start, issuer, { jti: 'x'.repeat(256) }) },
    { name: 'beside its client_id', payload: claims(start, issuer), parameters: { client_id: 'client' } },
  ])('accepts an assertion $name', async ({ payload, parameters }) => {
    const { use } = await assertionServer(key)
    expect(await use(await sign(payload, key.privateKey), parameters)).toMatchObject({ status: 200 })
  })

  test.each(['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'])(
    'accepts %s of an RSA key',
    async (alg) => {
      const { use } = await assertionServer(rsa)
      expect(await use(await sign(claims(start, issuer), rsa.privateKey, { alg }))).toMatchObject({
        status: 200,
      })
    },
  )

  test('accepts any of several keys by its kid', async () => {
    const [old, young] = [ecKey({ kid: 'old' }), ecKey({ kid: 'young' })]
    const { use } = await assertionServer(old, young)
    for (const [each, kid] of [
      [old, 'old'],
      [young, 'young'],
    ] as const) {
      const assertion = await sign(claims(start, issuer), each.privateKey, { alg: 'ES256', kid })
      expect(await use(assertion)).toMatchObject({ status: 200 })
    }
    expect(await use(await sign(claims(start, issuer), young.privateKey))).toMatchObject({
      status: 401,
      error_description: expect.stringMatching(untrusted) as unknown,
    })
  })

  test.each([
    {
      name: 'of another key',
      assertion: () => sign(claims(start, issuer), other.privateKey),
      says: untrusted,
    },
    {
      name: 'of an unknown client',
      assertion: () => sign(claims(start, issuer, { iss: 'x', sub: 'x' }), key.privateKey),
      says: untrusted,
    },
    {
      name: 'of a client without keys',
      assertion: () =>
        sign(claims(start, issuer, { iss: 'without keys', sub: 'without keys' }), key.privateKey),
      says: untrusted,
    },
    {
      name: 'in the name of a neighbour',
      assertion: () => sign(claims(start, issuer, { iss: 'neighbour', sub: 'neighbour' }), key.privateKey),
      says: untrusted,
    },
    {
      name: 'by one client about another',
      assertion: () => sign(claims(start, issuer, { iss: 'neighbour' }), key.privateKey),
      says: /iss is missing or wrong/,
    },
    {
      name: 'without iss',
      assertion: () => sign(claims(start, issuer, { iss: undefined }), key.privateKey),
      says: /iss is missing or wrong/,
    },
    {
      name: 'without sub',
      assertion: () => sign(claims(start, issuer, { sub: undefined }), key.privateKey),
      says: /sub is missing or wrong/,
    },
    {
      name: 'for another server',
      assertion: () => sign(claims(start, 'https://elsewhere.example'), key.privateKey),
      says: /aud is missing or wrong/,
    },
    {
      name: 'for a server whose name starts like this one',
      assertion: () => sign(claims(start, `${issuer}.evil.example`), key.privateKey),
      says: /aud/,
    },
    ...[
      { name: 'this and another', aud: [issuer, 'https://elsewhere.example'] },
      { name: 'another and this', aud: ['https://elsewhere.example', issuer] },
      { name: 'the issuer and the token endpoint', aud: [issuer, `${issuer}/connect/token`] },
      { name: 'this one alone', aud: [issuer] },
    ].map(({ name, aud }) => ({
      name: `for a list of ${name}`,
      assertion: () => sign(claims(start, '', { aud }), key.privateKey),
      says: /aud must be one string: the issuer or the token endpoint/,
    })),
    {
      name: 'without aud',
      assertion: () => sign(claims(start, issuer, { aud: undefined }), key.privateKey),
      says: /aud is missing or wrong/,
    },
    {
      name: 'that has expired',
      assertion: () => sign(claims(start, issuer, { exp: seconds(start) - 31 }), key.privateKey),
      says: /has expired/,
    },
    {
      name: 'that expires too late',
      assertion: () => sign(claims(start, issuer, { exp: seconds(start) + 631 }), key.privateKey),
      says: /more than 600 seconds/,
    },
    {
      name: 'without exp',
      assertion: () => sign(claims(start, issuer, { exp: undefined }), key.privateKey),
      says: /exp is missing or wrong/,
    },
    {
      name: 'that is not valid yet',
      assertion: () => sign(claims(start, issuer, { nbf: seconds(start) + 31 }), key.privateKey),
      says: /nbf is missing or wrong/,
    },
    {
      name: 'without jti',
      assertion: () => sign(claims(start, issuer, { jti: undefined }), key.privateKey),
      says: /jti is missing or wrong/,
    },
    {
      name: 'with an empty jti',
      assertion: () => sign(claims(start, issuer, { jti: '' }), key.privateKey),
      says: /jti must be a string/,
    },
    {
      name: 'with a long jti',
      assertion: () => sign(claims(start, issuer, { jti: 'x'.repeat(257) }), key.privateKey),
      says: /jti must be a string/,
    },
    {
      name: 'signed with the public key as an HMAC secret',
      assertion: () =>
        sign(
          claims(start, issuer),
          Buffer.from(String(key.publicKey.export({ type: 'spki', format: 'pem' }))),
          { alg: 'HS256' },
        ),
      says: /alg is not accepted/,
    },
    {
      name: 'that is unsigned',
      assertion: () => Promise.resolve(unsigned({ alg: 'none' })),
      says: /alg is not accepted|not a signed JWT/,
    },
    {
      name: 'that brings its own key',
      assertion: () => Promise.resolve(unsigned({ alg: 'ES256', jwk: other.jwk })),
      says: untrusted,
    },
    { name: 'that is no JWT', assertion: () => Promise.resolve('abc'), says: /not a signed JWT/ },
    { name: 'of two parts', assertion: () => Promise.resolve('e30.e30'), says: /not a signed JWT/ },
    {
      name: 'with a payload that is no JSON',
      assertion: () => Promise.resolve('e30.e3.e30'),
      says: /not a signed JWT/,
    },
    {
      name: 'beside the client_id of another',
      assertion: () => sign(claims(start, issuer), key.privateKey),
      parameters: { client_id: 'neighbour' },
      says: /client_id is not the client/,
    },
  ])('refuses an assertion $name', async ({ assertion, says, parameters }) => {
    const { use } = await assertionServer(key)
    expect(await use(await assertion(), parameters)).toEqual({
      status: 401,
      error: 'invalid_client',
      error_description: expect.stringMatching(says) as unknown,
    })
  })

  test('answers alike, after a verification each, whatever keeps a key from vouching; the log has the reason', async () => {
    const { use, log } = await assertionServer(ecKey(), ecKey(), withMembers(rsa, { alg: 'PS256' }))
    const verifications = vi.spyOn(crypto.subtle, 'verify')
    onTestFinished(() => verifications.mockRestore())
    const answers = new Set<string>()
    for (const [sub, alg, reason] of [
      ['nobody', 'ES256', /unknown or has no \\*"jwks\\*"/],
      ['nobody', 'PS256', /unknown or has no \\*"jwks\\*"/],
      ['without keys', 'ES256', /unknown or has no \\*"jwks\\*"/],
      ['neighbour', 'ES256', /signature does not verify/],
      ['neighbour', 'EdDSA', /none of the client's keys fits/],
      ['neighbour', 'ES512', /none of the client's keys fits/],
      ['client', 'ES256', /several of the client's keys fit/],
      ['client', 'PS256', /signature does not verify/],
      ['client', 'RS256', /none of the client's keys fits/],
    ] as const) {
      log.length = 0
      verifications.mockClear()
      answers.add(JSON.stringify(await use(unsigned({ alg }, { iss: sub, sub }))))
      expect(log.join(''), `${sub} ${alg}`).toMatch(reason)
      // What is not the id of a client may be a secret in the wrong place.
      expect(log.join('').includes(`"clientId":"${sub}"`), sub).toBe(sub === 'client' || sub === 'neighbour')
      expect(log.join(''), sub).not.toContain('nobody')
      expect(verifications, `${sub} ${alg}`).toHaveBeenCalledTimes(1)
    }
    expect([...answers]).toEqual([
      expect.stringContaining('the client is unknown or the assertion is not signed'),
    ])
  })

  test('refuses an assertion that verifies with a decoy key', async () => {
    // No one has the private key of a decoy, so this takes a fault in the verification.
    const verifications = vi.spyOn(crypto.subtle, 'verify').mockResolvedValue(true)
    onTestFinished(() => verifications.mockRestore())
    const { use } = await assertionServer(key, ecKey())
    for (const sub of ['nobody', 'without keys', 'client']) {
      expect(await use(unsigned({ alg: 'ES256' }, { iss: sub, sub }))).toMatchObject({
        status: 401,
        error_description: expect.stringMatching(untrusted) as unknown,
      })
    }
  })

  test('refuses an algorithm that its key is not for', async () => {
    const { use } = await assertionServer(withMembers(rsa, { alg: 'PS256' }))
    expect(await use(await sign(claims(start, issuer), rsa.privateKey, { alg: 'RS256' }))).toMatchObject({
      status: 401,
    })
    expect(await use(await sign(claims(start, issuer), rsa.privateKey, { alg: 'PS256' }))).toMatchObject({
      status: 200,
    })
  })

  test('refuses an assertion with one character changed', async () => {
    const { use } = await assertionServer(key)
    const assertion = await sign(claims(start, issuer), key.privateKey)
    const at = assertion.lastIndexOf('.') + 10
    const changed = assertion.slice(0, at) + (assertion[at] === 'A' ? 'B' : 'A') + assertion.slice(at + 1)
    expect(await use(changed)).toMatchObject({ status: 401 })
    expect(await use(assertion)).toMatchObject({ status: 200 })
  })

  test('accepts an assertion once, for as long as it lives', async () => {
    const { use, time, log } = await assertionServer(key)
    const assertion = await sign(claims(start, issuer, { exp: seconds(start) + 600 }), key.privateKey)
    expect(await use(assertion)).toMatchObject({ status: 200 })
    for (const after of [0, 1, 300, 599, 629]) {
      time.now = new Date(start.getTime() + after * 1000)
      expect(await use(assertion)).toMatchObject({
        status: 401,
        error_description: 'the assertion was used before',
      })
    }
    time.now = new Date(start.getTime() + 631_000)
    log.length = 0
    expect(await use(assertion)).toMatchObject({ error_description: 'the assertion has expired' })
    expect(log.join('')).toContain('"clientId":"client"')
  })

  test('accepts an assertion once of many at the same instant', async () => {
    const { use } = await assertionServer(key)
    const assertion = await sign(claims(start, issuer), key.privateKey)
    const answers = await Promise.all(Array.from({ length: 20 }, () => use(assertion)))
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1)
  })

  test('two clients may use one jti', async () => {
    const { use } = await assertionServer(key)
    const payload = claims(start, issuer)
    expect(await use(await sign(payload, key.privateKey))).toMatchObject({ status: 200 })
    const neighbour = { ...payload, iss: 'neighbour', sub: 'neighbour' }
    expect(await use(await sign(neighbour, other.privateKey))).toMatchObject({ status: 200 })
  })
})

test('no server starts with a key that anyone can sign for', async () => {
  // RSA with the public exponent 1: the padded digest is the signature, and the public JWK is all it takes to make it.
  const publicJwk = { ...rsa.jwk, e: 'AQ' }
  const privateJwk = { ...rsa.privateKey.export({ format: 'jwk' }), e: 'AQ', d: 'AQ', dp: 'AQ', dq: 'AQ' }
  const forgingKey = createPrivateKey({ key: privateJwk, format: 'jwk' })
  const forged = await sign(claims(start, issuer), forgingKey, { alg: 'RS256' })
  // Other libraries verify it.
  const keys = createLocalJWKSet({ keys: [publicJwk] })
  await expect(jwtVerify(forged, keys, { currentDate: start })).resolves.toMatchObject({
    payload: { sub: 'client' },
  })

  const clients = clientsOf({ ...rsa, jwk: publicJwk })
  await expect(
    createAssertionVerifier({
      clients,
      clock: () => start,
      replays: new MemoryReplayStore({ lifetime: replayWindow }),
    }),
  ).rejects.toMatchObject({
    code: 'UNSUPPORTED_KEY',
    message: expect.stringContaining('the RSA key has the public exponent 1,') as unknown,
  })
})

test('a wall clock that is set forward and back does not make room for a replay', async () => {
  let uptime = 0
  const time = { now: start }
  const verify = await createAssertionVerifier({
    clients: clientsOf(key),
    clock: () => time.now,
    replays: new MemoryReplayStore({
      lifetime: replayWindow,
      clock: () => time.now,
      monotonicClock: () => uptime,
    }),
  })
  const use = async (assertion: string): Promise<string> => (await verify(request(assertion))).clientId
  const assertion = await sign(claims(start, issuer, { exp: seconds(start) + 600 }), key.privateKey)
  await use(assertion)
  time.now = new Date(start.getTime() + 25 * 60_000)
  for (uptime of [310_000, 620_000, 659_999]) {
    await use(await sign(claims(time.now, issuer), key.privateKey))
  }
  time.now = new Date(start.getTime() + 629_000)
  await expect(use(assertion)).rejects.toMatchObject({
    message: 'the assertion was used before',
    clientId: 'client',
  })
})

test('a client that sends more assertions than are remembered has to wait, and none is accepted unrecorded', async () => {
  let uptime = 0
  const time = { now: start }
  const verify = await createAssertionVerifier({
    clients: clientsOf(key),
    clock: () => time.now,
    replays: new MemoryReplayStore({
      lifetime: replayWindow,
      limit: 2,
      clock: () => time.now,
      monotonicClock: () => uptime,
    }),
  })
  const assertions = await Promise.all(
    [1, 2, 3].map(() => sign(claims(start, issuer, { exp: seconds(start) + 600 }), key.privateKey)),
  )
  const [first = '', second = '', third = ''] = assertions
  await verify(request(first))
  await verify(request(second))
  for (let attempt = 0; attempt < 3; attempt++) {
    await expect(verify(request(third))).rejects.toMatchObject({
      error: 'temporarily_unavailable',
      message: 'the client has sent too many assertions',
      statusCode: 503,
      headers: { 'retry-after': '660' },
      clientId: 'client',
    })
  }
  uptime = 660_000
  time.now = new Date(start.getTime() + 620_000)
  expect((await verify(request(third))).clientId).toBe('client')
})

test('an assertion that expires while used ones are looked up is refused', async () => {
  const time = { now: start }
  const verify = await createAssertionVerifier({
    clients: clientsOf(key),
    clock: () => time.now,
    replays: {
      use(_clientId, _id, expires) {
        time.now = new Date(expires)
        return Promise.resolve({ kind: 'first' })
      },
    },
  })
  const assertion = await sign(claims(start, issuer), key.privateKey)
  await expect(verify(request(assertion))).rejects.toThrow('the assertion has expired')
})

test('the log has the cause where used assertions cannot be looked up', async () => {
  const log: string[] = []
  const { app } = await testServer({
    log,
    clock: () => start,
    replays: { use: () => Promise.reject(new TypeError('the connection is lost')) },
    file: settingsFile({ clients: [client({ secrets: [], jwks: { keys: [key.jwk] } })] }),
  })
  const response = await app.inject(assertionRequest(await sign(claims(start, issuer), key.privateKey)))
  expect(response.statusCode).toBe(503)
  expect(response.body).not.toContain('connection')
  expect(log.map((line) => JSON.parse(line) as object)).toContainEqual(
    expect.objectContaining({
      level: 50,
      reason: 'used assertions cannot be looked up',
      err: expect.objectContaining({ type: 'TypeError', message: 'the connection is lost' }) as unknown,
    }),
  )
})

test('an assertion is not accepted while used ones cannot be looked up', async () => {
  const verify = await createAssertionVerifier({
    clients: clientsOf(key),
    clock: () => start,
    replays: { use: () => Promise.reject(new Error('the connection is lost')) },
  })
  await expect(verify(request(await sign(claims(start, issuer), key.privateKey)))).rejects.toMatchObject({
    error: 'temporarily_unavailable',
    statusCode: 503,
    headers: { 'retry-after': '1' },
    clientId: 'client',
  })
})

test.each([7, ['a'], { a: 1 }, true, null, '', 'x'.repeat(257)])(
  'refuses an assertion whose jti is %j',
  async (jti) => {
    const { use, log } = await assertionServer(key)
    expect(await use(await sign(claims(start, issuer, { jti }), key.privateKey))).toMatchObject({
      status: 401,
      error: 'invalid_client',
      error_description: expect.stringMatching(/jti/) as unknown,
    })
    expect(log.join('')).toContain('"clientId":"client"')
  },
)

test.each([
  ['EdDSA', 'Ed25519'],
  ['Ed25519', 'EdDSA'],
  ['EdDSA', 'EdDSA'],
  [undefined, 'Ed25519'],
])('a client whose JWK has the alg %s may sign as %s', async (jwkAlg, alg) => {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519')
  const jwk = { ...publicKey.export({ format: 'jwk' }), ...(jwkAlg !== undefined && { alg: jwkAlg }) }
  const { use } = await assertionServer({ privateKey, publicKey, jwk })
  expect(await use(await sign(claims(start, issuer), privateKey, { alg }))).toMatchObject({ status: 200 })
})

test('keys are imported at the start, so that the first forged assertion of a client takes no longer', async () => {
  const { server, use } = await assertionServer(ecKey({ kid: 'a' }), withMembers(rsa, { kid: 'b' }))
  await server.app.ready()
  const imports = vi.spyOn(crypto.subtle, 'importKey')
  onTestFinished(() => imports.mockRestore())
  for (const header of [
    { alg: 'ES256', kid: 'a' },
    { alg: 'RS256', kid: 'b' },
    { alg: 'PS512', kid: 'b' },
    { alg: 'ES512' },
    { alg: 'EdDSA' },
  ]) {
    for (const sub of ['client', 'nobody']) {
      expect(await use(unsigned(header, { iss: sub, sub }))).toMatchObject({ status: 401 })
    }
  }
  expect(imports).not.toHaveBeenCalled()
})

test.each(verifiableAlgorithms)('there is one decoy key for %s', async (alg) => {
  const decoys = await createDecoyKeys([])
  expect(decoys.find(alg)).toBeDefined()
})

test('a forged assertion is verified with the same kinds of keys for every client, and for one that does not exist', async () => {
  const keys = [rsa.jwk, rsaJwk(3072), ecKey().jwk]
  const clients = new Map(
    keys.map((jwk, index) => {
      const clientId = String(index)
      return [clientId, { ...clientWith({ keys: [jwk] }), clientId }] as const
    }),
  )
  const verify = await createAssertionVerifier({
    clients,
    clock: () => start,
    replays: new MemoryReplayStore({ lifetime: replayWindow }),
  })
  const verifications = vi.spyOn(crypto.subtle, 'verify')
  onTestFinished(() => verifications.mockRestore())
  for (const [alg, signatureBytes, kinds] of [
    ['RS256', 256, [2048, 3072]],
    ['PS384', 384, [2048, 3072]],
    ['ES256', 64, ['P-256']],
  ] as const)
    for (const sub of [...clients.keys(), 'nobody']) {
      verifications.mockClear()
      const forged = `${unsigned({ alg }, { iss: sub, sub })}${Buffer.alloc(signatureBytes, 1).toString('base64url')}`
      await expect(verify(request(forged))).rejects.toThrow(untrusted)
      const used = verifications.mock.calls.map(([, { algorithm }]) =>
        'modulusLength' in algorithm ? algorithm.modulusLength : Reflect.get(algorithm, 'namedCurve'),
      )
      expect(used.map(String).toSorted(), `${alg} of ${sub}`).toEqual(kinds.map(String))
    }
})

function clientsOf(...keys: readonly ClientKey[]): ReadonlyMap<string, Client> {
  return new Map([['client', clientWith({ keys: keys.map(({ jwk }) => jwk) })]])
}

function clientWith(jwks: JSONWebKeySet): Client {
  return {
    clientId: 'client',
    secretHashes: [],
    jwks,
    grantTypes: ['client_credentials'],
    scopes: ['api1'],
    accessTokenLifetime: 60,
    signingAlgorithm: null,
  }
}

const request = (jwt: string): Assertion => ({ jwt, clientId: undefined, audience: [issuer] })

const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')

function unsigned(header: object, changes: Readonly<Record<string, unknown>> = {}): string {
  return `${encode(header)}.${encode(claims(start, issuer, changes))}.`
}
