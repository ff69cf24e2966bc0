import { connect } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { createLogger } from '../../src/logging/logger.ts'
import { buildServer, listeningPort } from '../../src/server.ts'
import { testServer } from '../support/server.ts'

/** Sends some bytes to a server, and returns what it answers and logs until it ends the connection. */
async function send(
  bytes: string,
): Promise<{ readonly answer: string; readonly log: readonly Record<string, unknown>[] }> {
  const log: string[] = []
  const { settings, ring } = await testServer()
  const logger = createLogger('info', { write: (line) => void log.push(line) })
  const app = buildServer({ settings, ring, logger, requestTimeout: 300 })
  onTestFinished(() => app.close())
  await app.listen({ host: '127.0.0.1', port: 0 })
  const answer = await new Promise<string>((resolve) => {
    let text = ''
    const socket = connect(listeningPort(app) ?? 0, '127.0.0.1', () => socket.write(bytes, 'latin1'))
    socket.setEncoding('latin1').on('data', (data: string) => (text += data))
    socket.on('error', () => undefined).on('close', () => resolve(text))
  })
  return { answer, log: log.map((line) => JSON.parse(line) as Record<string, unknown>) }
}

test.each([
  ['TLS', '\x16\x03\x01\x02\x00\x01\x00', 400, 'the request is not valid HTTP', 'HPE_INVALID_METHOD'],
  [
    'a header field that is too large',
    `GET / HTTP/1.1\r\nHost: x\r\nX: ${'hunter2'.repeat(3_000)}\r\n\r\n`,
    431,
    'the header fields are too large',
    'HPE_HEADER_OVERFLOW',
  ],
  [
    'half a request',
    'GET /hunter2 HTTP/1.1\r\nHost: x\r\n',
    408,
    'the request did not arrive in time',
    'ERR_HTTP_REQUEST_TIMEOUT',
  ],
])('%s is answered, is in the log, and ends the connection', async (_, bytes, status, reason, code) => {
  const { answer, log } = await send(bytes)
  const [head = '', body = ''] = answer.split('\r\n\r\n')
  expect(head).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `))
  for (const line of [
    'x-content-type-options: nosniff',
    'strict-transport-security: max-age=31536000',
    'cache-control: no-store',
    'connection: close',
    `content-length: ${body.length}`,
  ])
    expect(head.split('\r\n')).toContain(line)
  expect(JSON.parse(body)).toEqual({ error: 'invalid_request', error_description: reason })
  const refused = log.filter(({ msg }) => msg === 'request refused')
  expect(refused).toMatchObject([{ level: 30, reason, code, address: '127.0.0.1' }])
  expect(JSON.stringify(log)).not.toContain('hunter2')
})

test('a path with a broken escape is answered and logged like every request, and ends the connection', async () => {
  const { answer, log } = await send('GET /%zz?hunter2 HTTP/1.1\r\nHost: x\r\nX-Request-Id: proxy-1\r\n\r\n')
  const [head = '', body = ''] = answer.split('\r\n\r\n')
  expect(head).toMatch(/^HTTP\/1\.1 400 /)
  for (const line of [
    'x-request-id: proxy-1',
    'x-content-type-options: nosniff',
    'cache-control: no-store',
    'connection: close',
  ])
    expect(head.split('\r\n')).toContain(line)
  const reason = 'the path has a broken percent escape'
  expect(JSON.parse(body)).toEqual({ error: 'invalid_request', error_description: reason })
  expect(log).toContainEqual(
    expect.objectContaining({
      msg: 'request refused',
      reason,
      reqId: 'proxy-1',
      req: { method: 'GET', path: '/%zz', address: '127.0.0.1' },
    }),
  )
  expect(JSON.stringify(log)).not.toContain('hunter2')
})

test('a connection without a request is ended, and is not in the log', async () => {
  const { answer, log } = await send('')
  expect(answer).toMatch(/^HTTP\/1\.1 408 /)
  expect(log).toEqual([])
})
