import { once } from 'node:events'
import {
  createServer,
  request as send,
  type IncomingMessage,
  type RequestListener,
  type Server,
} from 'node:http'
import { json } from 'node:stream/consumers'
import { expect, onTestFinished, test } from 'vitest'
import { createLoadBalancer } from '../src/load-balancer.ts'
import { listen } from '../src/listen.ts'

async function serve(server: Server): Promise<{ origin: string; stop: () => Promise<void> }> {
  const port = await listen(server, 0)
  const stop = async (): Promise<void> => {
    if (!server.listening) return
    const closed = once(server, 'close')
    server.close()
    server.closeAllConnections()
    await closed
  }
  onTestFinished(stop)
  return { origin: `http://localhost:${port}`, stop }
}

/** A server that says its name and what it was sent. */
function echo(name: string): Server {
  const listener: RequestListener = (request, response) => {
    let body = ''
    request.setEncoding('utf8').on('data', (text: string) => (body += text))
    request.on('end', () => {
      const { method, url, headers } = request
      response.writeHead(200, { 'x-server': name, 'content-type': 'application/json' })
      response.end(JSON.stringify({ name, method, url, body, authorization: headers.authorization ?? null }))
    })
  }
  return createServer(listener)
}

test('servers take turns, and get requests as they were sent', async () => {
  const [a, b] = [await serve(echo('a')), await serve(echo('b'))]
  const front = await serve(createLoadBalancer([a.origin, b.origin]))
  const names: unknown[] = []
  for (let i = 0; i < 4; i++) {
    const response = await fetch(`${front.origin}/path?q=1`, {
      method: 'POST',
      body: 'grant_type=x',
      headers: { authorization: 'Basic abc' },
    })
    const answer = (await response.json()) as Record<string, unknown>
    names.push(answer['name'])
    expect(answer).toMatchObject({
      method: 'POST',
      url: '/path?q=1',
      body: 'grant_type=x',
      authorization: 'Basic abc',
    })
  }
  expect(names).toEqual(['a', 'b', 'a', 'b'])
})

test('one that is gone is passed over, and one that closes as well', async () => {
  const closing = await serve(createServer((_, response) => response.writeHead(503).end()))
  const gone = await serve(echo('gone'))
  const here = await serve(echo('here'))
  await gone.stop()
  const front = await serve(createLoadBalancer([gone.origin, closing.origin, here.origin]))
  for (let i = 0; i < 6; i++) {
    const response = await fetch(front.origin, { method: 'POST', body: 'x' })
    expect(await response.json()).toMatchObject({ name: 'here', body: 'x' })
  }
})

test('without servers it is 502, until there are some; when all say 503, so does the front', async () => {
  const origins: string[] = []
  const front = await serve(createLoadBalancer(origins))
  expect((await fetch(front.origin)).status).toBe(502)
  const busy = await serve(
    createServer((_, response) => response.writeHead(503, { 'retry-after': '7' }).end()),
  )
  origins.push(busy.origin)
  const response = await fetch(front.origin)
  expect([response.status, response.headers.get('retry-after')]).toEqual([503, '7'])
})

test('a client may wait for 100 Continue before it sends the body', async () => {
  const front = await serve(createLoadBalancer([(await serve(echo('a'))).origin]))
  const client = send(front.origin, {
    method: 'POST',
    headers: { expect: '100-continue', 'content-length': 1 },
  })
  client.on('continue', () => client.end('x'))
  const [response] = (await once(client, 'response')) as [IncomingMessage]
  expect(response.statusCode).toBe(200)
  expect(await json(response)).toMatchObject({ name: 'a', body: 'x' })
})

test('a body that is too long is refused', async () => {
  const front = await serve(createLoadBalancer([(await serve(echo('a'))).origin]))
  const response = await fetch(front.origin, { method: 'POST', body: 'x'.repeat(65 * 1024) })
  expect(response.status).toBe(413)
})
