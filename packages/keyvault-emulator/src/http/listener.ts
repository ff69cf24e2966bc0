import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import { jsonResponse, type ServiceRequest, type ServiceResponse } from './message.ts'

/** Longest request body in bytes; the largest real ones are certificate backups. */
const bodyLimit = 4 * 1024 * 1024

/** Adapts a handler to node:http and node:https. */
export function createListener(
  scheme: 'http' | 'https',
  handle: (request: ServiceRequest) => Promise<ServiceResponse>,
): RequestListener {
  return (incoming, outgoing) => {
    void serve(scheme, handle, incoming, outgoing).catch(() => outgoing.destroy())
  }
}

async function serve(
  scheme: string,
  handle: (request: ServiceRequest) => Promise<ServiceResponse>,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
): Promise<void> {
  const url = absoluteUrl(`${scheme}://${incoming.headers.host ?? 'localhost'}${incoming.url ?? '/'}`)
  const body = await readBody(incoming)
  if (url === null || body === null) {
    const [status, message] = url === null ? [400, 'Invalid Host header.'] : [413, 'The body is too long.']
    outgoing.shouldKeepAlive = false
    send(outgoing, jsonResponse(status, { error: { code: 'BadRequest', message } }))
    return
  }
  send(
    outgoing,
    await handle({ method: incoming.method ?? 'GET', url, headers: flatten(incoming.headers), body }),
  )
}

function send(outgoing: ServerResponse, response: ServiceResponse): void {
  const body = response.body ?? new Uint8Array()
  switch (response.disruption) {
    case 'hang':
      return
    case 'reset':
      outgoing.socket?.resetAndDestroy()
      return
    case 'truncate':
      outgoing.writeHead(response.status, { ...response.headers, 'content-length': body.length })
      outgoing.write(body.subarray(0, body.length / 2), () => outgoing.socket?.destroy())
      return
    case null:
      outgoing.writeHead(response.status, {
        ...response.headers,
        ...(response.body === null ? {} : { 'content-length': body.length }),
      })
      outgoing.end(body)
  }
}

/** Null when it is longer than the limit. */
async function readBody(incoming: IncomingMessage): Promise<Buffer | null> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of incoming) {
    const bytes = Buffer.from(chunk)
    length += bytes.length
    if (length > bodyLimit) return null
    chunks.push(bytes)
  }
  return Buffer.concat(chunks)
}

function flatten(headers: IncomingMessage['headers']): Record<string, string> {
  const flat: Record<string, string> = {}
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) flat[name] = Array.isArray(value) ? value.join(', ') : value
  }
  return flat
}

/** Null when the Host header is no host. */
function absoluteUrl(text: string): URL | null {
  return URL.canParse(text) ? new URL(text) : null
}
