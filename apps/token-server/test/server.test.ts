import { connect } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { buildServer, listeningPort } from '../src/server.ts'
import { testServer } from './support/server.ts'

/** Sends the beginning of a request and waits until the server ends the connection. */
async function stall(port: number, text: string): Promise<string> {
  return new Promise((resolve) => {
    let answer = ''
    const socket = connect(port, 'localhost', () => socket.write(text))
    socket.setEncoding('utf8').on('data', (data: string) => (answer += data))
    socket.on('close', () => resolve(answer))
  })
}

const head = 'POST /connect/token HTTP/1.1\r\nHost: x\r\n'

test.each([
  ['headers', head],
  [
    'body',
    `${head}Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 100\r\n\r\ngrant_type=`,
  ],
])(
  'a request whose %s do not arrive is ended after the time for a whole request',
  async (_, text) => {
    const { settings, ring } = await testServer()
    // Node looks at its connections every 30 seconds by default, and waits a minute for headers: the test would time out.
    const app = buildServer({ settings, ring, requestTimeout: 300 })
    onTestFinished(() => app.close())
    await app.listen({ host: 'localhost', port: 0 })
    expect(await stall(listeningPort(app) ?? 0, text)).toMatch(/^HTTP\/1\.1 408 /)
  },
  10_000,
)

test('a whole request has ten seconds to arrive', async () => {
  const { app } = await testServer()
  expect([app.server.requestTimeout, app.server.headersTimeout]).toEqual([10_000, 10_000])
})
