import type { FastifyInstance, FastifyRequest } from 'fastify'
import { invalidRequest } from './errors.ts'

/** The parameters of a request. One without a value counts as omitted (RFC 6749 §3.2) and is not in the map. */
export type Form = ReadonlyMap<string, string>

/** A parameter that may be sent more than once (RFC 8707 §2). This server ignores it, so one value will do. */
const repeatable = 'resource'

/**
 * Parses `application/x-www-form-urlencoded` (RFC 6749 App. B). Unlike URLSearchParams it refuses a broken escape, invalid
 * UTF-8 and a repeated parameter (RFC 6749 §3.2): two programs could read different values.
 *
 * @throws OAuthError `invalid_request`
 */
function parseForm(body: Uint8Array): Form {
  const form = new Map<string, string>()
  const seen = new Set<string>()
  for (const pair of decodeUtf8(body).split('&')) {
    if (pair === '') continue
    const equals = pair.indexOf('=')
    const name = decode(equals < 0 ? pair : pair.slice(0, equals))
    const value = equals < 0 ? '' : decode(pair.slice(equals + 1))
    if (seen.has(name) && name !== repeatable) {
      throw invalidRequest('a parameter is included more than once')
    }
    seen.add(name)
    if (value !== '') form.set(name, value)
  }
  return form
}

/** Lets an app accept only forms as request bodies. */
export function acceptForms(app: FastifyInstance): void {
  app.removeAllContentTypeParsers()
  app.addContentTypeParser(
    'application/x-www-form-urlencoded',
    { parseAs: 'buffer' },
    // Fastify handles its errors. A promise would cost each token a microtask.
    (_request: FastifyRequest, body: Buffer, done) => done(null, parseForm(body)),
  )
}

/** The body of a request to an app that {@link acceptForms}; null if it has none. */
export function formOf({ body }: FastifyRequest): Form | null {
  return body instanceof Map ? body : null
}

/** Decodes one name or value; null for a broken escape. */
export function decodeFormComponent(text: string): string | null {
  // Most need no decoding.
  if (!/[%+]/.test(text)) return text
  try {
    return decodeURIComponent(text.replaceAll('+', ' '))
  } catch {
    return null
  }
}

function decode(text: string): string {
  const decoded = decodeFormComponent(text)
  if (decoded === null) throw invalidRequest('the body has a broken percent escape')
  return decoded
}

const utf8 = new TextDecoder('utf-8', { fatal: true })

function decodeUtf8(body: Uint8Array): string {
  try {
    return utf8.decode(body)
  } catch {
    throw invalidRequest('the body is not UTF-8')
  }
}
