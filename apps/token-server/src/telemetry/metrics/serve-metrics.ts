import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { invalidSetting, messageOf } from '../../settings/invalid-setting.ts'

export interface MetricsServer {
  readonly port: number
  close(): Promise<void>
}

/**
 * Serves `GET /metrics` on a separate address, so that it is never on the public port.
 *
 * @throws SealwrightError `INVALID_ARGUMENT` if it cannot listen
 */
export async function serveMetrics(
  { host, port }: { readonly host: string; readonly port: number },
  scrape: () => Promise<string>,
): Promise<MetricsServer> {
  const server = createServer((request, response) => void answer(request, response, scrape))
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen({ host, port }, resolve)
    })
  } catch (cause) {
    const reason = messageOf(cause)
    throw invalidSetting(
      `cannot listen on ${host} port ${port}, see METRICS_HOST and METRICS_PORT: ${reason}`,
      cause,
    )
  }
  const address: AddressInfo | string | null = server.address()
  return {
    port: typeof address === 'object' && address !== null ? address.port : port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

async function answer(
  { method, url = '' }: IncomingMessage,
  response: ServerResponse,
  scrape: () => Promise<string>,
): Promise<void> {
  const [path] = url.split('?', 1)
  if (path !== '/metrics') return void response.writeHead(404).end()
  if (method !== 'GET' && method !== 'HEAD') return void response.writeHead(405, { allow: 'GET, HEAD' }).end()
  try {
    const text = await scrape()
    response.writeHead(200, { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' }).end(text)
  } catch {
    response.writeHead(500).end()
  }
}
