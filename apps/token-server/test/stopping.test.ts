import { once } from 'node:events'
import { connect } from 'node:net'
import { join } from 'node:path'
import { scratchFolder } from '@sealwright/test-kit/folders'
import { isFull } from '@sealwright/test-kit/full'
import { lacks } from '@sealwright/test-kit/tools'
import { createLocalJWKSet, jwtVerify, type JSONWebKeySet } from 'jose'
import { expect, test } from 'vitest'
import { startProxy } from './support/haproxy.ts'
import { freePort } from './support/ports.ts'
import { bundledServer, ServerProcess } from './support/program.ts'

const program = bundledServer()
const body = 'grant_type=client_credentials&client_id=sample-client&client_secret=sample-secret'

/** A token request whose body is still to come, and which the server has begun to read. */
async function beginRequest(port: number): Promise<{ finish(): Promise<string> }> {
  const socket = connect(port, 'localhost').setEncoding('utf8')
  let answer = ''
  socket.on('data', (text: string) => (answer += text))
  const closed = new Promise<void>((resolve) => socket.on('close', () => resolve()))
  socket.write(
    'POST /connect/token HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\n' +
      `Content-Length: ${body.length}\r\nExpect: 100-continue\r\n\r\n`,
  )
  while (!answer.includes('100 Continue')) await once(socket, 'data')
  return {
    async finish() {
      socket.write(body)
      await closed
      return answer
    },
  }
}

test('SIGTERM with 500 requests in flight: every one is answered with a token, then it exits with 0', async () => {
  const env = { DATA_DIR: join(scratchFolder(), 'data'), SIGNING_KEY_TYPE: 'ec-p256' }
  const server = new ServerProcess(program(), env)
  const { origin } = await server.started()
  const port = Number(new URL(origin).port)
  const requests = await Promise.all(Array.from({ length: 500 }, () => beginRequest(port)))
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
