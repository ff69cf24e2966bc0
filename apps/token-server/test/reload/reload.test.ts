import { decodeJwt, decodeProtectedHeader } from 'jose'
import { describe, expect, test } from 'vitest'
import { LiveSettings } from '../../src/reload/live-settings.ts'
import { createReload } from '../../src/reload/reload.ts'
import { loadSettings } from '../../src/settings/load-settings.ts'
import { assertionType, claims, ecKey, sign } from '../support/assertion.ts'
import { remoteKey } from '../support/remote-key.ts'
import {
  basic,
  client,
  issuer,
  settingsFile,
  testServer,
  type TestServer,
  type TestServerOptions,
} from '../support/server.ts'

/** SHA-256 of `another secret`, by `printf %s 'another secret' | sha256sum`. */
const otherHash = '2a38ea589ea53942aaadc5460a48cf8e43f1092108d181a371451050758aaf51'

interface Answer {
  readonly statusCode: number
  readonly body: { readonly access_token?: string; readonly error?: string; readonly expires_in?: number }
}

async function post(
  { app }: TestServer,
  form: Readonly<Record<string, string>>,
  authorization?: string,
): Promise<Answer> {
  const response = await app.inject({
    method: 'POST',
    url: '/connect/token',
    headers: {
      ...(authorization !== undefined && { authorization }),
      'content-type': 'application/x-www-form-urlencoded',
    },
    payload: new URLSearchParams({ grant_type: 'client_credentials', ...form }).toString(),
  })
  return { statusCode: response.statusCode, body: response.json() }
}

const requestToken = (
  server: TestServer,
  id = 'client',
  secret = 'the secret',
  scope = 'api1',
): Promise<Answer> => post(server, { scope }, basic(id, secret))

async function metadata({ app }: TestServer): Promise<Record<string, unknown>> {
  return (await app.inject('/.well-known/openid-configuration')).json()
}

/** A server, and a function that returns the messages that were logged since it was last called. */
async function start(options: TestServerOptions = {}): Promise<[TestServer, () => readonly string[]]> {
  const ringLog: string[] = []
  const server = await testServer({ ...options, ringLog })
  ringLog.length = 0
  const said = (): readonly string[] =>
    ringLog.splice(0).map((line) => (JSON.parse(line) as { msg: string }).msg.replace(/\/\S*\//g, ''))
  return [server, said]
}

/** A promise and the function that resolves it. */
function deferred(): [Promise<void>, () => void] {
  let resolve!: () => void
  const promise = new Promise<void>((settle) => {
    resolve = settle
  })
  return [promise, resolve]
}

describe('a reload', () => {
  test('takes clients, secrets and resources over, and the metadata, the page and the API follow', async () => {
    const [server, said] = await start({ env: { WELCOME_PAGE: 'true' } })
    expect((await requestToken(server)).statusCode).toBe(200)
    const before = await requestToken(server)

    await server.reload(
      settingsFile({
        resources: [
          { audience: 'renamed', scopes: ['api1', 'api3'] },
          { audience: 'other', scopes: ['other1'] },
        ],
        clients: [
          client({ clientId: 'new', scopes: ['api3'], accessTokenLifetime: 60 }),
          client({ secrets: [{ sha256: otherHash }], scopes: ['api1'] }),
        ],
      }),
    )
    expect(said()).toEqual(['the settings were reloaded'])
    expect((await requestToken(server)).body.error).toBe('invalid_client')
    expect((await requestToken(server, 'new', 'the secret', 'api3')).body).toMatchObject({ expires_in: 60 })
    expect(await metadata(server)).toMatchObject({ scopes_supported: ['api1', 'api3', 'other1'] })
    const api = async ({ body }: Answer): Promise<number> =>
      (
        await server.app.inject({
          url: '/api/identity',
          headers: { authorization: `Bearer ${body.access_token}` },
        })
      ).statusCode
    expect(await api(before)).toBe(401)
    const page = await server.app.inject({ url: '/', headers: { host: 'localhost' } })
    expect(page.body).toContain('value="new"')

    // Without the scope of the sample API there is none, and back.
    await server.reload(
      settingsFile({
        resources: [{ audience: 'a', scopes: ['other'] }],
        clients: [client({ scopes: ['other'] })],
      }),
    )
    expect(await api(before)).toBe(404)
    await server.reload(settingsFile())
    expect(await api(before)).toBe(200)
  })

  test.each<[string, string | Readonly<Record<string, unknown>>, readonly string[]]>([
    [
      'that is not JSON',
      '{',
      ['settings.json:1:2: not JSON from here on; look for a missing or extra comma or quote'],
    ],
    [
      'with several problems',
      settingsFile({ port: 'x', clients: [client({ clientId: 'new' }), client({ scopes: ['hunter2'] })] }),
      [
        'settings.json: port: must be a whole number from 0 to 65535',
        'settings.json: clients[1].scopes[0]: no resource has the scope "hunter2"',
      ],
    ],
    [
      'with longer lifetimes than the key ring keeps keys for',
      settingsFile({ clients: [client({ accessTokenLifetime: 601 })] }),
      [
        'the tokens of the client "client" would be valid for more than 600 s, which needs a restart: the key ring was opened for that lifetime',
      ],
    ],
  ])('%s is refused as a whole', async (_, file, problems) => {
    const [server, said] = await start()
    await server.reload(file)
    expect(said()).toEqual(problems.map((problem) => `the settings were not reloaded: ${problem}`))
    expect(await requestToken(server)).toMatchObject({ statusCode: 200, body: { expires_in: 600 } })
    expect((await requestToken(server, 'new')).statusCode).toBe(401)
  })

  test('does not take over an algorithm that the ring was opened without', async () => {
    const [server, said] = await start({ env: { SIGNING_ALGORITHM: 'ES256' } })
    await server.reload(
      settingsFile({
        clients: [client({ signingAlgorithm: 'ES384' })],
        resources: [{ audience: 'a', scopes: ['api1', 'api2'], signingAlgorithm: 'RS256' }],
      }),
    )
    expect(said()).toEqual([
      'the settings were not reloaded: the client "client" has the algorithm ES384, which needs a restart: the key ring was opened without it',
      'the settings were not reloaded: resources[0] has the algorithm RS256, which needs a restart: the key ring was opened without it',
    ])
    expect((await requestToken(server)).statusCode).toBe(200)
  })

  test('names the settings that take effect after a restart, and takes the others over', async () => {
    const [server, said] = await start()
    const changed = {
      port: 7,
      issuer: 'https://other.example',
      keyRing: { jwksMaxAge: 60 },
      signingKey: { rotationDays: 40 },
      additionalSigningKeys: [{ uri: 'file:a.pfx' }],
      clients: [client({ accessTokenLifetime: 5 })],
    }
    await server.reload(settingsFile(changed))
    const all = 'issuer, port, signingKey, additionalSigningKeys, keyRing'
    expect(said()).toEqual([
      'the settings were reloaded',
      `settings that take effect after a restart: ${all}`,
    ])
    expect((await requestToken(server)).body.expires_in).toBe(5)
    expect(await metadata(server)).toMatchObject({ issuer })
    // They still do after the next reload, and no longer when they are taken back.
    await server.reload(settingsFile(changed))
    await server.reload(settingsFile())
    expect(said()).toEqual([
      'the settings were reloaded',
      `settings that take effect after a restart: ${all}`,
      'the settings were reloaded',
    ])
  })

  test('leaves requests in progress what they began with', async () => {
    const [signing, begun] = deferred()
    const [released, release] = deferred()
    const server = await testServer({
      wrapKey: (key) =>
        remoteKey(key, async (input) => {
          begun()
          await released
          return key.signer().sign(input)
        }),
    })
    const inProgress = requestToken(server)
    await signing
    await server.reload(
      settingsFile({
        accessTokens: { typ: 'JWT' },
        clients: [client({ clientId: 'new', accessTokenLifetime: 5 })],
      }),
    )
    release()
    const { statusCode, body } = await inProgress
    expect([statusCode, body.expires_in]).toEqual([200, 600])
    expect(decodeProtectedHeader(body.access_token ?? '').typ).toBe('at+jwt')
    expect((await requestToken(server)).statusCode).toBe(401)
    expect((await requestToken(server, 'new')).body.expires_in).toBe(5)
  })

  test('remembers which assertions were used', async () => {
    const key = ecKey()
    const file = settingsFile({ clients: [client({ jwks: { keys: [key.jwk] } })] })
    const server = await testServer({ file })
    const form = {
      scope: 'api1',
      client_assertion_type: assertionType,
      client_assertion: await sign(claims(new Date(), issuer), key.privateKey),
    }
    expect((await post(server, form)).statusCode).toBe(200)
    await server.reload(file)
    expect((await post(server, form)).body).toMatchObject({ error: 'invalid_client' })
    // The client is taken away and comes back.
    await server.reload(settingsFile())
    await server.reload(file)
    expect((await post(server, form)).body).toMatchObject({ error: 'invalid_client' })
  })

  test('warns of a secret that everybody knows', async () => {
    const [server, said] = await start()
    const sha256 = '928410162b20fdc0d721e287e3083f1252aefaf73fc0af678f5940a2d7dbfdd6'
    await server.reload(settingsFile({ clients: [client({ secrets: [{ sha256 }] })] }))
    expect(said()).toEqual([
      'the settings were reloaded',
      'the secret of the client "client" is public: it comes from the sample settings',
    ])
  })
})

describe('access tokens', () => {
  test('have the typ, the nbf and the audiences of the settings', async () => {
    const server = await testServer({
      clock: () => new Date(1_800_000_000_999),
      file: settingsFile({
        accessTokens: { typ: 'JWT', nbfLeeway: 120 },
        resources: [
          { audience: ['api', 'https://id.example/resources', 'api'], scopes: ['api1', 'api2'] },
          { audience: ['one'], scopes: ['other1'] },
        ],
        clients: [client({ scopes: ['api1', 'other1'] })],
      }),
    })
    const { body } = await requestToken(server)
    const token = body.access_token ?? ''
    expect(decodeProtectedHeader(token).typ).toBe('JWT')
    expect(decodeJwt(token)).toMatchObject({
      aud: ['api', 'https://id.example/resources'],
      iat: 1_800_000_000,
      nbf: 1_799_999_880,
      exp: 1_800_000_600,
    })
    const headers = { authorization: `Bearer ${token}` }
    expect((await server.app.inject({ url: '/api/identity', headers })).statusCode).toBe(200)
    const other = await requestToken(server, 'client', 'the secret', 'other1')
    expect(decodeJwt(other.body.access_token ?? '').aud).toBe('one')
  })

  test.each([
    [
      { accessTokens: { typ: 'at+jwt; a=b' } },
      'accessTokens.typ: must be a media type without parameters, such as at+jwt (RFC 7515 §4.1.9)',
    ],
    [
      { accessTokens: { typ: '' } },
      'accessTokens.typ: must be a media type without parameters, such as at+jwt (RFC 7515 §4.1.9)',
    ],
    [
      { accessTokens: { nbfLeeway: 601 } },
      'accessTokens.nbfLeeway: must be a whole number of seconds from 0 to 600',
    ],
    [
      { accessTokens: { nbfLeeway: -1 } },
      'accessTokens.nbfLeeway: must be a whole number of seconds from 0 to 600',
    ],
    [
      { resources: [{ audience: [], scopes: ['api1', 'api2'] }] },
      'resources[0].audience: must have at least 1 item',
    ],
    [
      { resources: [{ audience: ['a', ''], scopes: ['api1', 'api2'] }] },
      'resources[0].audience[1]: must have at least 1 character',
    ],
    [{ resources: [{ audience: 5, scopes: ['api1', 'api2'] }] }, 'resources[0].audience: has the wrong type'],
    [{ resources: [{ scopes: ['api1', 'api2'] }] }, 'resources[0].audience: is missing'],
  ])('are not made with %j', async (file, problem) => {
    await expect(testServer({ file: settingsFile(file) })).rejects.toThrow(`settings.json: ${problem}`)
  })
})

describe('one reload after the other', () => {
  const settings = loadSettings({})

  test('those that wait share one', async () => {
    const [released, release] = deferred()
    let reads = 0
    const reload = createReload({
      read() {
        reads++
        return settings
      },
      live: new LiveSettings(settings),
      ring: { refresh: () => released },
      logger: { info() {}, warn() {}, error() {} },
    })
    const first = reload()
    await Promise.resolve()
    const others = [reload(), reload(), reload()]
    await expect.poll(() => reads).toBe(1)
    release()
    await Promise.all([first, ...others])
    expect(reads).toBe(2)
    await reload()
    expect(reads).toBe(3)
  })

  test('a part that cannot be made changes nothing', async () => {
    const live = new LiveSettings(settings)
    const port = await live.derive(async (each) => each.port)
    await live.derive(async (each) => {
      if (each.port === 1) throw new Error('no')
    })
    await expect(live.replace({ ...settings, port: 1 })).rejects.toThrow('no')
    expect([live.current.port, port()]).toEqual([5001, 5001])
    await live.replace({ ...settings, port: 2 })
    expect([live.current.port, port()]).toEqual([2, 2])
  })
})
