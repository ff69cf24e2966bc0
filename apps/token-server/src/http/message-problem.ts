import type { IncomingMessage } from 'node:http'
import { headerValues } from '@sealwright/core/internal'

/** Why a request is refused, whatever it asks for. */
export interface MessageProblem {
  readonly statusCode: 400 | 431 | 501 | 505
  readonly description: string
}

type Message = Pick<IncomingMessage, 'headers' | 'httpVersionMajor' | 'rawHeaders'>

/** Node silently drops header fields beyond 2,000. Apache has this limit too. */
const maximumFields = 100

/** RFC 9112 §3.2 and RFC 3986 §3.2.2, without user information. */
const hostSyntax = /^(?:[\w.~!$&'()*+,;=%-]*|\[[\da-f:.]+\])(?::\d*)?$/i

/**
 * The problem with a request that Node's parser accepts and the specifications refuse; null for one without. A proxy could
 * read such a request differently: as one for another host, or as two requests.
 */
export function messageProblem({ headers, httpVersionMajor, rawHeaders }: Message): MessageProblem | null {
  // HTTP/0.9 has no header fields and no status.
  if (httpVersionMajor !== 1) return { statusCode: 505, description: 'the HTTP version is not supported' }
  if (rawHeaders.length > 2 * maximumFields)
    return { statusCode: 431, description: `the request has more than ${maximumFields} header fields` }
  // HTTP/1.0 requires no Host.
  if (headerValues(rawHeaders, 'host').length > 1 || !hostSyntax.test(headers.host ?? ''))
    return { statusCode: 400, description: 'the Host header is invalid, or there is more than one' }
  const coding = headers['transfer-encoding']
  if (coding === undefined) return null
  if (headers['content-length'] !== undefined)
    return { statusCode: 400, description: 'the request has both Content-Length and Transfer-Encoding' }
  if (coding === '') return { statusCode: 400, description: 'the Transfer-Encoding is empty' }
  // If the last coding is another one, the parser ends the connection.
  return /[ \t,]chunked$/i.test(coding)
    ? { statusCode: 501, description: 'the only supported Transfer-Encoding is chunked' }
    : null
}
