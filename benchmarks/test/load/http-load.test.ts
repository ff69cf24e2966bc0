import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout } from 'node:timers/promises'
import { expect, onTestFinished, test } from 'vitest'
import { HttpLoad } from '../../src/load/http-load.ts'

const request = 'POST / HTTP/1.1\r\nhost: localhost\r\ncontent-length: 2\r\n\r\nhi'

interface Started {
  readonly server: Server
  readonly port: number
  readonly bodies: string[]
}

/** A server that keeps what it was sent, and answers with its name. */
async function start(name: string, status = 200): Promise<Started> {
  const bodies: string[] = []
  const server = createServer((incoming, response) => {
    incoming.once('data', (chunk: Buffer) => bodies.push(chunk.toString()))
    incoming.once('end', () => response.writeHead(status, { 'content-length': name.length }).end(name))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return { server, port: (server.address() as AddressInfo).port, bodies }
}

async function open(ports: readonly number[], connections: number): Promise<HttpLoad> {
  const load = await HttpLoad.open(ports, connections, request)
  onTestFinished(() => load.close())
  return load
}

test('sends as many requests as asked, over all connections to all servers', async () => {
  const [a, b] = [await start('a'), await start('b')]
  const load = await open([a.port, b.port], 4)
  expect(await load.run(101)).toMatch(/^[ab]$/)
  expect([...a.bodies, ...b.bodies]).toEqual(Array.from({ length: 101 }, () => 'hi'))
  expect(a.bodies.length).toBeGreaterThan(0)
  expect(b.bodies.length).toBeGreaterThan(0)
})

test('rejects what is not answered with 200', async () => {
  const { port } = await start('no', 503)
  const load = await open([port], 1)
  await expect(load.run(1)).rejects.toThrow('HTTP/1.1 503')
})

test('rejects where the server closed the connection between two requests', async () => {
  const { server, port } = await start('a')
  const load = await open([port], 1)
  await load.run(1)
  server.closeAllConnections()
  await setTimeout(50)
  await expect(load.run(1)).rejects.toThrow('the server closed')
})
