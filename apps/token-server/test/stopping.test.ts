import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { openFolderStore } from '@sealwright/local-store'
import { scratchFolder } from '@sealwright/test-kit/folders'
import { isFull } from '@sealwright/test-kit/full'
import { lacks } from '@sealwright/test-kit/tools'
import { createLocalJWKSet, decodeJwt, decodeProtectedHeader, jwtVerify, type JSONWebKeySet } from 'jose'
import { expect, test } from 'vitest'
import { assertionType, claims, ecKey, sign } from './support/assertion.ts'
import { startProxy } from './support/haproxy.ts'
import { beginRequest } from './support/open-request.ts'
import { freePort } from './support/ports.ts'
import { bundledServer, ServerProcess, type LogLine } from './support/program.ts'
import { scrape } from './support/scrape.ts'

const program = bundledServer()
/** SHA-256 of `sample-secret`. */
const secretHash = '928410162b20fdc0d721e287e3083f1252aefaf73fc0af678f5940a2d7dbfdd6'
const body = 'grant_type=client_credentials&client_id=sample-client&client_secret=sample-secret'

test('SIGTERM with 500 requests in flight: every one is answered with a token, then it exits with 0', async () => {
  const env = { DATA_DIR: join(scratchFolder(), 'data'), SIGNING_KEY_TYPE: 'ec-p256' }
  const server = new ServerProcess(program(), env)
  const { origin } = await server.started()
  const port = Number(new URL(origin).port)
  const requests = await Promise.all(Array.from({ length: 500 }, () => beginRequest(port, body)))
  const exit = server.stop('SIGTERM')
  await expect.poll(() => server.stdout).toContain('"msg":"closing"')
  const answers = await Promise.all(requests.map((request) => request.finish()))
  expect(answers.filter((answer) => /HTTP\/1\.1 200 OK[^]*"access_token"/.test(answer))).toHaveLength(500)
  expect(await exit).toMatchObject({ code: 0 })
})

async function requestToken(origin: string): Promise<string | null> {
  const response = await fetch(`${origin}/connect/token`, {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body,
  })
  if (response.status !== 200) return null
  return ((await response.json()) as { access_token: string }).access_token
}

test.skipIf(lacks('haproxy'))(
  'kill -9 behind HAProxy: every token that was answered is valid at the server that is left [needs haproxy]',
  async () => {
    const env = {
      DATA_DIR: join(scratchFolder(), 'data'),
      SIGNING_KEY_TYPE: 'ec-p256',
      ISSUER: 'https://id.example.com',
    }
    const first = new ServerProcess(program(), env)
    const { origin: firstOrigin } = await first.started()
    const { origin } = await new ServerProcess(program(), env).started()
    const front = await startProxy([firstOrigin, origin], {
      check: '/health/live',
      // A request goes to another server where a connection breaks.
      lines: [
        'option http-buffer-request',
        'option redispatch 1',
        'retries 3',
        'retry-on conn-failure empty-response',
      ],
    })
    const tokens: string[] = []
    /** Requests until so many more are answered, from eight clients at once. */
    const load = async (more: number): Promise<void> => {
      const enough = tokens.length + more
      const request = async (): Promise<void> => {
        const token = await requestToken(front).catch(() => null)
        if (token !== null) tokens.push(token)
        if (tokens.length < enough) await request()
      }
      await Promise.all(Array.from({ length: 8 }, request))
    }
    // The first server is killed while requests are under way. The one that is left goes on answering.
    await load(100)
    const running = load(200)
    first.signal('SIGKILL')
    await first.exited
    await running
    await load(100)
    const response = await fetch(`${origin}/.well-known/openid-configuration/jwks`)
    const keys = createLocalJWKSet((await response.json()) as JSONWebKeySet)
    for (const token of tokens) await jwtVerify(token, keys, { issuer: 'https://id.example.com' })
    expect(tokens.length).toBeGreaterThanOrEqual(400)
  },
)

/** Waits until the server is sent requests. */
async function isUsed(server: ServerProcess): Promise<void> {
  await expect.poll(() => server.stdout).toContain('token issued')
}

test.skipIf(lacks('haproxy'))(
  'a rolling restart of two servers behind HAProxy loses no request [needs haproxy]',
  async () => {
    const common = {
      DATA_DIR: join(scratchFolder(), 'data'),
      SIGNING_KEY_TYPE: 'ec-p256',
      ISSUER: 'https://id.example.com',
      DRAIN_DELAY: '2',
    }
    const start = async (port: number): Promise<ServerProcess> => {
      const server = new ServerProcess(program(), { ...common, PORT: String(port) })
      await server.started()
      return server
    }
    const ports = [await freePort(), await freePort()] as const
    const servers = [await start(ports[0]), await start(ports[1])]
    const origins = ports.map((port) => `http://localhost:${port}`)
    // HAProxy hides nothing: it sends no request twice.
    const front = await startProxy(origins, { check: '/health/ready', lines: ['retries 0'] })
    const load = { isOver: false }
    const statuses = new Map<string, number>()
    const clients = Promise.all(
      Array.from({ length: 8 }, async () => {
        while (!load.isOver) {
          const outcome = await requestToken(front).then(
            (token) => (token === null ? 'refused' : 'issued'),
            (error: unknown) => String(error),
          )
          statuses.set(outcome, (statuses.get(outcome) ?? 0) + 1)
        }
      }),
    )
    // HAProxy must send requests to both of them before one goes.
    await Promise.all(servers.map(isUsed))
    for (const [index, server] of servers.entries()) {
      expect(await server.stop('SIGTERM')).toMatchObject({ code: 0 })
      await isUsed(await start(ports[index] ?? 0))
      if (!isFull) break
    }
    load.isOver = true
    await clients
    expect([...statuses.keys()]).toEqual(['issued'])
  },
)

/** A server of two workers with a new key, in a folder of its own. */
function twoWorkers(more: Readonly<Record<string, string>> = {}): Record<string, string> {
  return { WORKERS: '2', DATA_DIR: join(scratchFolder(), 'data'), SIGNING_KEY_TYPE: 'ec-p256', ...more }
}

/** Sends a form on a connection of its own. */
async function post(
  origin: string,
  form: string,
): Promise<{ status: number; description: string; token: string }> {
  const response = await fetch(`${origin}/connect/token`, {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded', connection: 'close' },
    body: form,
  })
  const { error_description: description = '', access_token: token = '' } = (await response.json()) as {
    error_description?: string
    access_token?: string
  }
  return { status: response.status, description, token }
}

/** Waits until the lines with a message are so many, and returns them. */
async function linesOf(server: ServerProcess, msg: string, count: number): Promise<LogLine[]> {
  const found = (): LogLine[] => server.lines.filter((line) => line.msg === msg)
  await expect.poll(() => found().length).toBeGreaterThanOrEqual(count)
  return found()
}

/** Asks until every worker has answered, and returns the process of each. */
async function workersOf(server: ServerProcess, origin: string): Promise<Map<number, number>> {
  const before = server.lines.length
  const answered = new Map<number, number>()
  await expect
    .poll(async () => {
      await post(origin, body)
      for (const { worker, pid } of server.lines.slice(before))
        if (worker !== undefined) answered.set(worker, pid)
      return answered.size
    })
    .toBe(2)
  return answered
}

/** Stops one of two workers, gives a connection to each, and kills it. Returns what became of the connections. */
async function killWithConnection(pid: number, origin: string): Promise<string[]> {
  process.kill(pid, 'SIGSTOP')
  const outcomes = await Promise.all(
    Array.from({ length: 2 }, async () => {
      const socket = connect(Number(new URL(origin).port), 'localhost')
      const closed = new Promise((resolve) => socket.on('close', resolve))
      let outcome = 'closed'
      socket.on('error', () => undefined).on('data', () => (outcome = 'answered'))
      await once(socket, 'connect')
      socket.write('GET /health/live HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n')
      return async () => {
        await closed
        return outcome
      }
    }),
  )
  // The primary gives them out in order, so both connections are given out once a later one is answered.
  await post(origin, body)
  process.kill(pid, 'SIGKILL')
  return Promise.all(outcomes.map((outcome) => outcome()))
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

test('two workers are one server: one key, one log, one memory of assertions, and each is replaced alone', async () => {
  const key = ecKey()
  const { crv = '', x = '', y = '' } = key.jwk
  const jwk = 'clients__1__jwks__keys__0'
  const env = twoWorkers({
    clients__1__clientId: 'client',
    clients__1__scopes__0: 'api1',
    [`${jwk}__kty`]: 'EC',
    [`${jwk}__crv`]: crv,
    [`${jwk}__x`]: x,
    [`${jwk}__y`]: y,
    METRICS_PORT: '0',
  })
  const server = new ServerProcess(program(), env)
  const { origin } = await server.started()
  const workers = await workersOf(server, origin)
  expect(new Set(workers.values()).size).toBe(2)
  expect([...workers.values()]).not.toContain(server.pid)

  // One assertion, 200 times, to both of them at once.
  const from = server.lines.length
  const assertion = await sign(claims(new Date(), origin), key.privateKey)
  const form = new URLSearchParams({
    grant_type: 'client_credentials',
    client_assertion_type: assertionType,
    client_assertion: assertion,
  }).toString()
  const answers = await Promise.all(Array.from({ length: 200 }, () => post(origin, form)))
  expect(answers.filter(({ status }) => status === 200)).toHaveLength(1)
  const refused = answers.filter(({ status }) => status !== 200)
  expect(new Set(refused.map(({ description }) => description))).toEqual(
    new Set(['the assertion was used before']),
  )
  await linesOf(server, 'token request refused', 199)
  expect(new Set(server.lines.slice(from).map(({ worker }) => worker))).toEqual(new Set([1, 2]))

  // A new version of the key is read by both.
  const store = await openFolderStore(env['DATA_DIR'] ?? '')
  await store.rotate('token-signing')
  server.signal('SIGHUP')
  await expect
    .poll(() =>
      server.lines
        .filter(({ msg }) => msg.endsWith(': new → announced'))
        .map(({ worker }) => worker)
        .toSorted((a = 0, b = 0) => a - b),
    )
    .toEqual([1, 2])

  // One of them is killed, with a connection that it has not accepted. Meanwhile the other answers.
  const [one = 0, two = 0] = [workers.get(1), workers.get(2)]
  const outcomes = await killWithConnection(two, origin)
  expect(outcomes.toSorted()).toEqual(['answered', 'closed'])
  const [ended] = await linesOf(server, 'a worker has ended and is replaced', 1)
  expect(ended).toMatchObject({ worker: 2, reason: 'SIGKILL ended it', level: 40 })
  expect((await post(origin, body)).status).toBe(200)
  const after = await workersOf(server, origin)
  expect(after.get(1)).toBe(one)
  expect(after.get(2)).not.toBe(two)

  // Any of them has the metrics of all.
  await expect
    .poll(async () => (await scrape(server.stdout.split('\n'))).match(/^sealwright_keyring_ready\{.*$/gm))
    .toEqual(['sealwright_keyring_ready{worker="1"} 1', 'sealwright_keyring_ready{worker="2"} 1'])

  // All of it was said once, by the first.
  for (const msg of ['there was no signing key; a new one was created', 'listening'])
    expect(server.lines.filter((line) => line.msg === msg).map(({ worker }) => worker)).toEqual([1])
  expect(server.stderr.match(/^Token server /gm)).toHaveLength(1)

  // Without its primary none goes on.
  server.signal('SIGKILL')
  await expect.poll(() => [...after.values()].filter(isRunning)).toEqual([])
  await expect(post(origin, body)).rejects.toThrow('fetch failed')
})

test('a replaced worker runs with what the others run with, whatever the settings file says by then', async () => {
  const path = join(scratchFolder(), 'settings.json')
  const resources = [{ audience: 'api', scopes: ['api1'] }]
  const clients = ['sample-client', 'added'].map((clientId) => ({
    clientId,
    secrets: [{ sha256: secretHash }],
    scopes: ['api1'],
  }))
  const write = (settings: object): void => {
    const common = { resources, signingKey: { type: 'ec-p256' } }
    writeFileSync(path, JSON.stringify({ ...common, ...settings }))
  }
  write({ issuer: 'https://id.example.com', clients: clients.slice(0, 1), dataDir: scratchFolder() })
  const server = new ServerProcess(program(), { WORKERS: '2', TOKEN_SERVER_SETTINGS: path })
  const { origin } = await server.started()
  const before = await workersOf(server, origin)

  // The clients change at once; the issuer and the key would change with a restart.
  write({ issuer: 'https://other.example.com', clients, dataDir: scratchFolder() })
  server.signal('SIGHUP')
  await linesOf(server, 'settings that take effect after a restart: issuer, dataDir, signingKey', 1)
  writeFileSync(path, 'no longer JSON')
  process.kill(before.get(2) ?? 0, 'SIGKILL')
  await linesOf(server, 'a worker has ended and is replaced', 1)

  const form = body.replace('sample-client', 'added')
  const from = server.lines.length
  const tokens: string[] = []
  await expect
    .poll(async () => {
      tokens.push((await post(origin, form)).token)
      const issued = server.lines.slice(from).filter(({ msg }) => msg === 'token issued')
      return new Set(issued.map(({ worker }) => worker)).size
    })
    .toBe(2)
  const said = tokens.map((token) => [decodeProtectedHeader(token).kid, decodeJwt(token).iss])
  expect(new Set(said.map(String))).toEqual(new Set([`${String(said[0]?.[0])},https://id.example.com`]))
  expect((await server.stop()).code).toBe(0)
})

/** Causes more lines than the log holds while its reader is stuck: 250 of two kilobytes, by each of eight clients. */
async function fillLog(port: number): Promise<void> {
  const socket = connect(port, 'localhost')
  socket.end(`GET /${'x'.repeat(2_000)} HTTP/1.1\r\nHost: localhost\r\n\r\n`.repeat(250))
  const answers = await text(socket)
  expect(answers.match(/HTTP\/1\.1 404 /g)).toHaveLength(250)
}

test('SIGINT at a terminal goes to all processes: what is in progress is finished, though the log is stuck', async () => {
  const server = new ServerProcess(program(), twoWorkers(), 'stalled', true)
  const { origin } = await server.started()
  const port = Number(new URL(origin).port)
  await Promise.all(Array.from({ length: 8 }, () => fillLog(port)))
  const requests = await Promise.all(Array.from({ length: 20 }, () => beginRequest(port, body)))
  process.kill(-server.pid, 'SIGINT')
  // Once it closes, new requests are refused, or left alone by all workers.
  const isRefused = (): Promise<boolean> =>
    fetch(`${origin}/health/live`, { signal: AbortSignal.timeout(1_000) }).then(
      ({ status }) => status === 503,
      () => true,
    )
  await expect.poll(isRefused).toBe(true)
  const answers = await Promise.all(requests.map((request) => request.finish()))
  expect(answers.filter((answer) => /HTTP\/1\.1 200 OK[^]*"access_token"/.test(answer))).toHaveLength(20)
  expect(await server.exited).toMatchObject({ code: 0 })
})

test('a setting with which no worker can start is one line, once', async () => {
  const server = new ServerProcess(program(), { WORKERS: '2', SIGNING_KEY: 'file:./missing.pfx' })
  const { code, stderr, stdout } = await server.exited
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
  expect(stderr).toMatch(/^token-server: .*missing\.pfx.*\n$/)
})
