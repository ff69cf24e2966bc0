import { pino, type DestinationStream, type Logger } from 'pino'
import type { LogLevel } from '../settings/settings.ts'

/**
 * The log: one JSON object per line. What goes into it is listed here, and nothing else of a request or an error does:
 * query strings and headers can hold credentials, and the errors of Node and of libraries carry the data they failed on.
 */
export function createLogger(level: LogLevel, destination?: DestinationStream): Logger {
  const options = { level, serializers: { req: describeRequest, err: describeError } }
  return destination === undefined ? pino(options) : pino(options, destination)
}

function describeRequest(request: { readonly method: string; readonly url: string }): unknown {
  return { method: request.method, path: request.url.replace(/[?#].*$/s, '') }
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
