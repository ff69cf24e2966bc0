import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { buildServer, listeningPort } from '../../src/server.ts'
import { checkPort } from '../../src/listening/check-port.ts'
import { listen } from '../../src/listening/listen.ts'
import { serveMetrics } from '../../src/telemetry/metrics/serve-metrics.ts'
import { beginRequest } from '../support/open-request.ts'
import { freePort } from '../support/ports.ts'
import { remoteKey } from '../support/remote-key.ts'
import { testServer } from '../support/server.ts'

/** An address that no machine has (RFC 5737), and two that Linux and Windows have. */
const addresses = ['192.0.2.1', '127.0.0.1', '127.0.0.2']
const names = 'HOST and PORT'
const isMac = process.platform === 'darwin'

test.skipIf(isMac)(
  'a request on any address is finished before the key is closed [needs 127.0.0.2]',
  async () => {
    const events: string[] = []
    const held: { release?: () => void } = {}
    const { app, ring } = await testServer({
      wrapKey: (key) =>
        remoteKey(key, async (data) => {
          await new Promise<void>((resolve) => (held.release = resolve))
          events.push('signed')
          return key.signer().sign(data)
        }),
    })
    const close = ring.close.bind(ring)
    ring.close = () => {
      events.push('the ring is closed')
      close()
    }
    await listen(app, { addresses, port: 0 })
    const port = listeningPort(app) ?? 0
    const form = 'grant_type=client_credentials&client_id=client&client_secret=the%20secret'
    const request = await beginRequest(port, form, '127.0.0.2')
    const answer = request.finish()
    await expect.poll(() => held.release).toBeDefined()
    const closing = app.close().then(() => events.push('closed'))
    await expect.poll(() => app.server.listening).toBe(false)
    held.release?.()
    expect(await answer).toMatch(/^HTTP\/1\.1 100 [^]*HTTP\/1\.1 200 /)
    await closing
    expect(events).toEqual(['signed', 'the ring is closed', 'closed'])
    await expect(beginRequest(port, form, '127.0.0.2')).rejects.toThrow('ECONNREFUSED')
  },
)

test.skipIf(isMac)(
  'an address that another program has is an error, and then nothing listens [needs 127.0.0.2]',
  async () => {
    const other = createServer().listen({ host: '127.0.0.2', port: 0 })
    onTestFinished(() => void other.close())
    await once(other, 'listening')
    const address = other.address()
    const port = typeof address === 'object' && address !== null ? address.port : 0
    await expect(checkPort({ host: 'localhost', port }, names, addresses)).rejects.toThrow(
      `cannot listen on localhost port ${port}, see HOST and PORT: listen EADDRINUSE`,
    )
    const { app } = await testServer()
    await expect(listen(app, { addresses, port })).rejects.toMatchObject({ code: 'EADDRINUSE' })
    await checkPort({ host: '127.0.0.1', port }, names)
  },
)

const scrape = (): Promise<string> => Promise.resolve('the metrics')

test.skipIf(isMac)('metrics are on every address of their host, or on none [needs 127.0.0.2]', async () => {
  const where = { host: 'localhost', port: 0, addresses }
  const first = await serveMetrics(where, scrape)
  onTestFinished(() => first.close())
  for (const address of ['127.0.0.1', '127.0.0.2']) {
    const answer = await fetch(`http://${address}:${first.port}/metrics`)
    expect(await answer.text()).toBe('the metrics')
  }
  const turned = { ...where, port: first.port, addresses: ['127.0.0.3', '127.0.0.2'] }
  await expect(serveMetrics(turned, scrape)).rejects.toThrow(
    `cannot listen on localhost port ${first.port}, see METRICS_HOST and METRICS_PORT: listen EADDRINUSE`,
  )
  await checkPort({ host: '127.0.0.3', port: first.port }, names)
  await first.close()
  for (const host of ['127.0.0.1', '127.0.0.2']) await checkPort({ host, port: first.port }, names)
})

test('an address that the machine lacks is skipped, unless it is the only one', async () => {
  const port = await freePort()
  await checkPort({ host: 'localhost', port }, names, addresses)
  await expect(checkPort({ host: '192.0.2.1', port }, names)).rejects.toThrow('EADDRNOTAVAIL')
})

test('connections with half a request, and with nothing at all, do not keep the server from closing', async () => {
  const { settings, ring } = await testServer()
  const app = buildServer({ settings, ring, closeTimeout: 200 })
  await listen(app, { addresses: ['127.0.0.1', '127.0.0.2'], port: 0 })
  let connected = 0
  app.server.on('connection', () => connected++)
  const port = listeningPort(app) ?? 0
  const halves = [
    '',
    'POST /connect/token HT',
    'POST /connect/token HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nx',
  ]
  const ended = ['127.0.0.1', '127.0.0.2'].flatMap((host) =>
    halves.map(async (half) => {
      const socket = connect(port, host)
        .on('error', () => undefined)
        .resume()
      socket.write(half)
      await once(socket, 'close')
    }),
  )
  await expect.poll(() => connected).toBe(ended.length)
  await app.close()
  await Promise.all(ended)
})
