import { pino, type DestinationStream, type Logger } from 'pino'
import { clientAddress } from '../proxies/client-address.ts'
import type { LogLevel } from '../settings/settings.ts'

interface LoggedRequest {
  readonly method: string
  readonly url: string
  readonly ip: string
  readonly socket: { readonly remoteAddress?: string | undefined }
}

/**
 * The log: one JSON object per line. It has only the members of requests and errors that are listed here: query
 * strings and headers can contain credentials, and errors of Node and of libraries can contain the data that they
 * failed on.
 */
export function createLogger(level: LogLevel, destination?: DestinationStream): Logger {
  return pino({ level, serializers: { req: describeRequest, err: describeError } }, destination)
}

function describeRequest(request: LoggedRequest): unknown {
  const { method, url } = request
  return { method, path: pathOf(url), address: clientAddress(request) }
}

/** The path of a request target without what can be secret: a query, and the user information of a whole URL (RFC 9112 §3.2.2). */
export function pathOf(target: string): string {
  return target.replace(/^[a-z][\w+.-]*:\/\/[^/?#]*/i, '').replace(/[?#].*/s, '')
}

function describeError(error: unknown): unknown {
  if (!(error instanceof Error)) return { message: 'something other than an Error was thrown' }
  return {
    type: error.name,
    ...('code' in error && typeof error.code === 'string' && { code: error.code }),
    message: error.message,
    stack: error.stack,
  }
}

/** The level, but at least `error`. */
export function errorsOnly(level: string): string {
  return level === 'fatal' || level === 'silent' ? level : 'error'
}

const wordyLevels = new Set(['info', 'debug', 'trace'])

/** The level, but at least `warn`: for messages that repeat the line of main.ts. */
export function quieter(level: string): string {
  return wordyLevels.has(level) ? 'warn' : level
}
