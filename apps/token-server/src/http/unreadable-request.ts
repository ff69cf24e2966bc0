import { STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import type { FastifyBaseLogger } from 'fastify'
import { parseAddress } from '../proxies/address.ts'

/** Why a request is refused that Node cannot read. */
function problemOf(code: string | undefined): { readonly statusCode: number; readonly description: string } {
  switch (code) {
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return { statusCode: 408, description: 'the request did not arrive in time' }
    case 'HPE_HEADER_OVERFLOW':
      return { statusCode: 431, description: 'the header fields are too large' }
    default:
      return { statusCode: 400, description: 'the request is not valid HTTP' }
  }
}

/**
 * Answers and logs a request that Node cannot read, such as TLS on this port, and one that does not arrive in time. It ends the
 * connection: where the next request begins is not known.
 *
 * @param error of Node; its code goes to the log, and what it quotes of the request does not
 * @param headers of every answer
 */
export function refuseUnreadable(
  error: NodeJS.ErrnoException,
  socket: Socket,
  logger: Pick<FastifyBaseLogger, 'info'>,
  headers: Readonly<Record<string, string>>,
): void {
  // The client is gone.
  if (error.code === 'ECONNRESET' || socket.destroyed) return
  const { statusCode, description } = problemOf(error.code)
  // Browsers open connections before they need them.
  if (socket.bytesRead > 0) {
    const address = parseAddress(socket.remoteAddress ?? '')
    logger.info({ reason: description, code: error.code, address }, 'request refused')
  }
  if (socket.writable) {
    const body = JSON.stringify({ error: 'invalid_request', error_description: description })
    const fields = {
      ...headers,
      'content-type': 'application/json; charset=utf-8',
      'content-length': String(body.length),
      'cache-control': 'no-store',
      connection: 'close',
    }
    const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}\r\n`)
    socket.write(`HTTP/1.1 ${statusCode} ${STATUS_CODES[statusCode]}\r\n${lines.join('')}\r\n${body}`)
  }
  socket.destroy(error)
}
