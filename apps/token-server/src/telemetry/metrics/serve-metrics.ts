import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { invalidSetting, messageOf } from '../../settings/invalid-setting.ts'
import type { MetricsSettings } from '../../settings/schema/server/metrics.ts'
import { forEachAddress } from '../../listening/addresses.ts'

export interface MetricsServer {
  readonly port: number
  close(): Promise<void>
}

/**
 * Serves `GET /metrics` on addresses of its own, so that it is never on the public port.
 *
 * @param addresses of the host; see `addressesOf`
 * @throws SealwrightError `INVALID_ARGUMENT` if it cannot listen; then nothing listens
 */
export async function serveMetrics(
  {
    host,
    port,
    addresses,
  }: MetricsSettings & { readonly port: number; readonly addresses: readonly string[] },
  scrape: () => Promise<string>,
): Promise<MetricsServer> {
  const servers: Server[] = []
  const close = async (): Promise<void> => void (await Promise.all(servers.map(closeServer)))
  try {
    await forEachAddress(addresses, async (address) => {
      servers.push(await listen({ host: address, port: portOf(servers[0]) ?? port }, scrape))
    })
  } catch (cause) {
    await close()
    const reason = messageOf(cause)
    throw invalidSetting(
      `cannot listen on ${host} port ${port}, see METRICS_HOST and METRICS_PORT: ${reason}`,
      cause,
    )
  }
  return { port: portOf(servers[0]) ?? port, close }
}

async function listen(
  where: { readonly host: string; readonly port: number },
  scrape: () => Promise<string>,
): Promise<Server> {
  const server = createServer((request, response) => void answer(request, response, scrape))
  server.listen(where)
  await once(server, 'listening')
  return server
}

function portOf(server: Server | undefined): number | null {
  const address: AddressInfo | string | null = server?.address() ?? null
  return typeof address === 'object' && address !== null ? address.port : null
}

async function closeServer(server: Server): Promise<void> {
  await new Promise<void>((resolve) => {
    server.close(() => resolve())
    server.closeAllConnections()
  })
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
