import { createServer, type IncomingMessage, type Server } from 'node:http'
import { connect } from 'node:net'
import type { Duplex } from 'node:stream'

/**
 * A network in which Azure's host names lead to the emulator: an HTTP proxy for `HTTPS_PROXY` that answers every CONNECT
 * (RFC 9110 §9.3.6) with a tunnel to one port of this machine. The servers run as in production, with production's URLs.
 */
export function createAzureNetwork(emulatorPort: number): Server {
  const proxy = createServer((_request, response) => {
    response.writeHead(405).end()
  })
  proxy.on('connect', (_request: IncomingMessage, client: Duplex, head: Buffer) => {
    const tunnel = connect(emulatorPort, '127.0.0.1', () => {
      client.write('HTTP/1.1 200 Connection Established\r\n\r\n')
      tunnel.write(head)
      tunnel.pipe(client).pipe(tunnel)
    })
    // When one end closes, so does the other. An error comes before its close.
    for (const [one, other] of [
      [client, tunnel],
      [tunnel, client],
    ] as const) {
      one.on('error', () => undefined).on('close', () => other.destroy())
    }
  })
  return proxy
}
