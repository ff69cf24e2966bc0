import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'

/** Token requests are small, and the servers refuse larger ones. */
const maximumBodyBytes = 64 * 1024

/**
 * Headers of one connection, which are not passed on (RFC 9110 §7.6.1); the length, which fetch sets; and `Expect`, which Node has
 * answered and fetch refuses.
 */
const hopByHop = new Set([
  'connection',
  'keep-alive',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'content-length',
  'expect',
])

/**
 * One address for several servers, like a load balancer: sends requests to the servers in turn, and skips one that is gone or closing.
 * A request without an answer is sent to the next server. At worst this issues an unused token.
 *
 * @param origins the servers, such as `http://localhost:5002`; may be filled later
 */
export function createLoadBalancer(origins: readonly string[]): Server {
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
    // eslint-disable-next-line no-await-in-loop -- the next server only if this one fails
    const answer = await send(origin, request, body)
    if (answer === null) continue
    if (answer.status !== 503) return reply(response, answer)
    // It is closing or cannot reach the vault. If all servers answer 503, so does the front.
    unavailable = answer
  }
  if (unavailable !== null) return reply(response, unavailable)
  response.writeHead(502).end()
}

/** null if the server cannot be reached. */
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

/** null if it is too long. */
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
