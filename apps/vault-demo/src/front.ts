import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'

/** Token requests are small; the servers behind refuse more by themselves. */
const maximumBodyBytes = 64 * 1024

/** Headers that belong to a connection and are not passed on (RFC 9110 §7.6.1), and the length, which fetch makes. */
const hopByHop = new Set([
  'connection',
  'keep-alive',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'content-length',
])

/**
 * One address for several servers, as a load balancer is: takes them in turn, and passes over one that is gone or on its
 * way. A request is sent again as long as nobody has answered it; here that costs nothing worse than a token that nobody
 * uses.
 *
 * @param origins of the servers, such as `http://localhost:5002`; may be filled in later
 */
export function createFront(origins: readonly string[]): Server {
  let turn = 0
  return createServer((request, response) => {
    const order = origins.map((_, index) => origins[(turn + index) % origins.length] ?? '')
    turn++
    forward(order, request, response).catch(() => response.destroy())
  })
}

async function forward(
  order: readonly string[],
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const body = await readBody(request)
  if (body === null) {
    response.writeHead(413, { connection: 'close' }).end()
    return
  }
  let unavailable: Response | null = null
  for (const origin of order) {
    // eslint-disable-next-line no-await-in-loop -- the next only when this one is out
    const answer = await send(origin, request, body)
    if (answer === null) continue
    if (answer.status !== 503) return reply(response, answer)
    // It closes, or cannot reach the vault. When the others say the same, so do we.
    unavailable = answer
  }
  if (unavailable !== null) return reply(response, unavailable)
  response.writeHead(502).end()
}

/** null when the server cannot be reached. */
async function send(origin: string, request: IncomingMessage, body: Buffer): Promise<Response | null> {
  const { method = 'GET', url = '/', headers } = request
  const passedOn = Object.entries(headers).flatMap(([name, value]) =>
    value === undefined || hopByHop.has(name) ? [] : [[name, String(value)] as [string, string]],
  )
  try {
    return await fetch(origin + url, {
      method,
      headers: passedOn,
      redirect: 'manual',
      ...(body.length > 0 && { body: Uint8Array.from(body) }),
    })
  } catch {
    return null
  }
}

async function reply(response: ServerResponse, answer: Response): Promise<void> {
  const headers = [...answer.headers].filter(([name]) => !hopByHop.has(name))
  const body = Buffer.from(await answer.arrayBuffer())
  response.writeHead(answer.status, Object.fromEntries(headers)).end(body)
}

/** null when it is too long. */
async function readBody(request: IncomingMessage): Promise<Buffer | null> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of request) {
    if (!Buffer.isBuffer(chunk)) continue
    length += chunk.length
    if (length > maximumBodyBytes) return null
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}
