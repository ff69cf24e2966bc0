import { connect } from 'node:net'
import { expect, test } from 'vitest'
import { createLogger, errorsOnly, quieter } from '../../src/logging/logger.ts'
import { listeningPort } from '../../src/server.ts'
import { assertionType, claims, ecKey, sign } from '../support/assertion.ts'
import { basic, client, listeningServer, settingsFile, testServer } from '../support/server.ts'

const formType = 'application/x-www-form-urlencoded'

test.each([
  [{ authorization: basic('client', 'wrong') }, 'client', 'the client secret is wrong'],
  [{ authorization: basic('hunter2', 'wrong') }, null, 'the client is unknown'],
  [
    { authorization: basic('client', 'the secret'), scope: 'api9' },
    'client',
    'the client may have no other scopes than api1 api2',
  ],
])(
  'a refused token request is logged with whose it is, where that is known, and why: %j',
  async (sent, clientId, reason) => {
    const log: string[] = []
    const { app } = await testServer({ log })
    const { authorization, ...parameters } = sent as { authorization: string; scope?: string }
    await app.inject({
      method: 'POST',
      url: '/connect/token',
      headers: { authorization, 'content-type': formType, 'x-request-id': 'proxy-1234' },
      payload: new URLSearchParams({ grant_type: 'client_credentials', ...parameters }).toString(),
    })
    const lines = log.map((line) => JSON.parse(line) as Record<string, unknown>)
    const refused = lines.find(({ msg }) => msg === 'token request refused')
    expect(refused).toMatchObject({ reason, reqId: 'proxy-1234' })
    expect(refused?.['clientId']).toBe(clientId)
    expect(lines.find(({ msg }) => msg === 'answered')).toMatchObject({
      reqId: 'proxy-1234',
      req: { method: 'POST', path: '/connect/token', address: '127.0.0.1' },
    })
    expect(log.join('')).not.toContain('hunter2')
  },
)

test.each(['a b', 'x'.repeat(129), '"', '\\u202E'])('the request id %j is not taken over', async (id) => {
  const { app } = await testServer()
  const response = await app.inject({ url: '/health/live', headers: { 'x-request-id': id } })
  expect(response.headers['x-request-id']).toMatch(/^[\da-f-]{36}$/)
})

test('why the sample API refuses a token is in the log', async () => {
  const log: string[] = []
  const { app } = await testServer({ log })
  await app.inject({ url: '/api/identity', headers: { authorization: 'Bearer abc' } })
  expect(log.map((line) => JSON.parse(line) as Record<string, unknown>)).toContainEqual(
    expect.objectContaining({
      msg: 'API request refused',
      reason: 'the token is not valid here',
      error: 'invalid_token',
    }),
  )
})

test('a whole flow, right and wrong, leaves no secret, token, assertion or header in the log', async () => {
  const log: string[] = []
  const key = ecKey()
  const { origin, app } = await listeningServer({
    log,
    file: settingsFile({ clients: [client({ jwks: { keys: [key.jwk] } })] }),
  })
  const secrets = new Set<string>(['the secret', 'the+secret', 'the%20secret', 'hunter2'])
  const post = async (
    body: Record<string, string>,
    headers: Record<string, string> = {},
  ): Promise<unknown> => {
    for (const value of Object.values(headers)) secrets.add(value)
    const response = await fetch(`${origin}/connect/token`, {
      method: 'POST',
      headers: { 'content-type': formType, ...headers },
      body: new URLSearchParams({ grant_type: 'client_credentials', ...body }).toString(),
    })
    const answer = (await response.json()) as { access_token?: string }
    if (answer.access_token !== undefined) secrets.add(answer.access_token)
    return answer.access_token
  }
  const assertion = await sign(claims(new Date(), origin), key.privateKey)
  secrets.add(assertion)
  const byAssertion = { client_assertion_type: assertionType, client_assertion: assertion }

  const tokens = [
    await post({}, { authorization: basic('client', 'the secret') }),
    await post({ client_id: 'client', client_secret: 'the secret' }),
    await post(byAssertion),
  ]
  expect(tokens).toEqual(Array(3).fill(expect.any(String)))
  await post(byAssertion) // used before
  await post({ ...byAssertion, client_assertion: `${assertion}x` })
  await post({}, { authorization: basic('client', 'hunter2') })
  await post({}, { authorization: 'Bearer hunter2' })
  await post({ client_id: 'hunter2', client_secret: 'hunter2' })
  await post({ client_id: 'client', client_secret: 'the secret', scope: 'api9' })
  for (const url of ['/connect/token', '/nowhere', '/api/identity', '/%zz', '/']) {
    await fetch(`${origin}${url}?client_secret=hunter2&access_token=hunter2`)
  }
  for (const token of [String(tokens[0]), `${String(tokens[0])}x`, 'hunter2']) {
    await fetch(`${origin}/api/identity`, { headers: { authorization: `Bearer ${token}` } })
  }
  // Something that is not HTTP: Node's error for it carries the bytes.
  await new Promise<void>((resolve) => {
    const socket = connect(listeningPort(app) ?? 0, 'localhost', () => socket.end('hunter2 / HTTP/9\r\n\r\n'))
    socket.on('close', () => resolve()).resume()
  })
  // A body that breaks off.
  await new Promise<void>((resolve) => {
    const head = `POST /connect/token HTTP/1.1\r\nHost: x\r\nContent-Type: ${formType}\r\nContent-Length: 999\r\n\r\n`
    const socket = connect(listeningPort(app) ?? 0, 'localhost', () => {
      socket.write(`${head}client_secret=hunter2`, () => setTimeout(() => socket.destroy(), 20))
    })
    socket.on('close', () => resolve()).resume()
  })
  await expect.poll(() => log.join('')).toContain('the body is not complete')
  await app.close()

  const lines = log.map((line) => JSON.parse(line) as { msg?: string; reqId?: string; clientId?: string })
  expect(lines.filter(({ msg }) => msg === 'token issued').map(({ clientId }) => clientId)).toEqual(
    Array(3).fill('client'),
  )
  expect(lines.filter(({ msg }) => msg === 'token request refused').length).toBeGreaterThanOrEqual(6)
  expect(lines.filter(({ msg }) => msg === 'answered').every(({ reqId }) => reqId?.length === 36)).toBe(true)
  const text = log.join('')
  for (const secret of secrets) {
    // Nor the parts of a JWT alone, nor text in the form that a Buffer is logged in.
    const parts = secret.split(/[ .]/).filter((part) => part.length > 20)
    for (const form of [secret, ...parts, [...Buffer.from(secret)].join(',')])
      expect(text).not.toContain(form)
  }
})

test('an error in the log has its type, code, message and stack, and nothing else', () => {
  const log: string[] = []
  const logger = createLogger('error', { write: (line) => void log.push(line) })
  const errorOf = (err: unknown): unknown => {
    logger.error({ err })
    return (JSON.parse(log.pop() ?? '') as { err: unknown }).err
  }
  const error = Object.assign(new TypeError('no'), { code: 'ECODE', secret: 'hunter2', cause: 'hunter2' })
  expect(errorOf(error)).toEqual({ type: 'TypeError', code: 'ECODE', message: 'no', stack: error.stack })
  expect(errorOf(Object.assign(new Error('no'), { code: 7 }))).not.toHaveProperty('code')
  expect(errorOf('hunter2')).toEqual({ message: 'something other than an Error was thrown' })
  logger.info('below the level')
  expect(log).toEqual([])
})

test.each([
  ['/a/b?c=hunter2#d', '/a/b'],
  ['/a#hunter2', '/a'],
  ['http://a:hunter2@host:1/b?c', '/b'],
  ['HTTPS+x.y-z://hunter2/b', '/b'],
  ['http://hunter2?x', ''],
  ['/a/http://b/c', '/a/http://b/c'],
  ['*', '*'],
])('the target %j has the path %j in the log', (url, path) => {
  const log: string[] = []
  createLogger('info', { write: (line) => void log.push(line) }).info({
    req: { method: 'GET', url, ip: '::1', socket: { remoteAddress: '::1' } },
  })
  expect(JSON.parse(log[0] ?? '')).toMatchObject({ req: { method: 'GET', path, address: '::1' } })
})

const levels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']

test('messages that say what others say are written from warn on', () => {
  expect(levels.map(quieter)).toEqual([...Array<string>(4).fill('warn'), 'error', 'fatal', 'silent'])
})

test('of several workers, those that repeat the first write errors only', () => {
  expect(levels.map(errorsOnly)).toEqual([...Array<string>(5).fill('error'), 'fatal', 'silent'])
})
