import { invalidRequest } from './errors.ts'

/** The parameters of a request. Those sent without a value are left out: they count as omitted (RFC 6749 §3.2). */
export type Form = ReadonlyMap<string, string>

/**
 * Parses `application/x-www-form-urlencoded` (RFC 6749 App. B). Stricter than URLSearchParams, which lets everything
 * pass: a broken escape or invalid UTF-8 is refused, and so is a parameter that comes twice (RFC 6749 §3.2), whose two
 * values could be taken for different requests by two programs.
 *
 * @throws OAuthError `invalid_request`
 */
export function parseForm(body: Uint8Array): Form {
  const form = new Map<string, string>()
  const seen = new Set<string>()
  for (const pair of decodeUtf8(body).split('&')) {
    if (pair === '') continue
    const equals = pair.indexOf('=')
    const name = decode(equals < 0 ? pair : pair.slice(0, equals))
    const value = equals < 0 ? '' : decode(pair.slice(equals + 1))
    if (seen.has(name)) throw invalidRequest('a parameter is included more than once')
    seen.add(name)
    if (value !== '') form.set(name, value)
  }
  return form
}

/** Decodes one name or value; null when an escape is broken. */
export function decodeFormComponent(text: string): string | null {
  // Most have nothing to decode.
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
