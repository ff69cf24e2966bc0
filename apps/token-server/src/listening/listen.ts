import { once } from 'node:events'
import { createServer, type Server } from 'node:net'
import type { FastifyInstance } from 'fastify'
import { listeningPort } from '../server.ts'
import { forEachAddress } from './addresses.ts'

/**
 * Listens on one port of several addresses. Fastify can do that as well, but it ignores an address that is in use, and closes without
 * the requests of all addresses but the first.
 *
 * @param port 0 for any free port
 * @throws the error of `node:net`; then nothing listens
 */
export async function listen(
  app: FastifyInstance,
  { addresses, port }: { readonly addresses: readonly string[]; readonly port: number },
): Promise<void> {
  const others: Server[] = []
  let closed: Promise<unknown> | null = null
  const close = (): Promise<unknown> => (closed ??= Promise.all(others.map(closeServer)))
  app.addHook('preClose', async () => void close())
  // Before the older hooks, which close what the requests need.
  app.addHook('onClose', async () => void (await close()))
  try {
    await forEachAddress(addresses, async (host) => {
      const bound = listeningPort(app)
      if (bound === null) await app.listen({ host, port })
      else others.push(await openAnother(app, host, bound))
    })
  } catch (error) {
    app.server.close()
    await close()
    throw error
  }
}

/** A listener whose connections belong to the server of the app. */
async function openAnother(app: FastifyInstance, host: string, port: number): Promise<Server> {
  // As node:http has them.
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    app.server.emit('connection', socket)
  })
  server.listen({ host, port })
  await once(server, 'listening')
  return server
}

/** Waits until its connections have ended. */
async function closeServer(server: Server): Promise<void> {
  await new Promise((resolve) => server.close(resolve))
}
