import { SealwrightError } from '@sealwright/core'
import { memberOf } from '../json.ts'
import { fetchText } from './fetch-text.ts'

/** A client at a token endpoint. */
export interface TokenClient {
  readonly id: string
  readonly secret: string
  readonly scopes: readonly string[]
}

/**
 * Gets an access token with the client credentials grant (RFC 6749 §4.4).
 *
 * @param authMethods from the metadata; null, if it has none, means client_secret_basic
 * @throws SealwrightError as `fetchText`; `UNSUPPORTED_OPERATION` for a server that accepts no client secret, which is then not sent;
 *   `ACCESS_DENIED` with the error of the server; `INVALID_ENCODING` for an answer without a token. No message has the secret.
 */
export async function requestToken(
  endpoint: string,
  { id, secret, scopes }: TokenClient,
  authMethods: readonly string[] | null,
): Promise<string> {
  const form = new URLSearchParams({ grant_type: 'client_credentials' })
  if (scopes.length > 0) form.set('scope', scopes.join(' '))
  const headers: Record<string, string> = { 'content-type': 'application/x-www-form-urlencoded' }
  if (methodOf(authMethods) === 'client_secret_basic')
    headers['authorization'] = `Basic ${Buffer.from(`${encode(id)}:${encode(secret)}`).toString('base64')}`
  else {
    form.set('client_id', id)
    form.set('client_secret', secret)
  }
  const { status, text } = await fetchText(endpoint, 'the token endpoint', {
    method: 'POST',
    headers,
    body: form.toString(),
  })
  const body = parse(text)
  const token = memberOf(body, 'access_token')
  if (status === 200 && typeof token === 'string' && token !== '') return token
  if (status === 200) {
    throw new SealwrightError('INVALID_ENCODING', 'the answer of the token endpoint has no access_token')
  }
  throw new SealwrightError(
    'ACCESS_DENIED',
    `the token endpoint answers ${status}${reasonOf(body, shapesOf(id, secret))}`,
  )
}

/** RFC 8414 §2 has `client_secret_basic` as the default. */
function methodOf(supported: readonly string[] | null): 'client_secret_basic' | 'client_secret_post' {
  if (supported === null || supported.includes('client_secret_basic')) return 'client_secret_basic'
  if (supported.includes('client_secret_post')) return 'client_secret_post'
  const methods = supported.length === 0 ? 'empty' : supported.join(', ').slice(0, 200)
  throw new SealwrightError(
    'UNSUPPORTED_OPERATION',
    `the server does not accept client secrets: its token_endpoint_auth_methods_supported is ${methods}; pass --token FILE with a token`,
  )
}

/** RFC 6749 §2.3.1 */
function encode(text: string): string {
  return new URLSearchParams({ '': text }).toString().slice(1)
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

/** The forms in which the secret may come back: plain, and as it was sent. */
function shapesOf(id: string, secret: string): readonly string[] {
  const encodings = [secret, encode(secret), encodeURIComponent(secret)]
  return [
    ...encodings,
    ...[...encodings, `${id}:${secret}`, `${encode(id)}:${encode(secret)}`].flatMap((text) => [
      Buffer.from(text).toString('base64').replaceAll('=', ''),
      Buffer.from(text).toString('base64url'),
    ]),
  ]
}

/** RFC 6749 §5.2. A server may quote what it was sent. */
function reasonOf(body: unknown, secrets: readonly string[]): string {
  return ['error', 'error_description']
    .flatMap((name) => {
      const value = memberOf(body, name)
      return typeof value === 'string' && !secrets.some((secret) => value.includes(secret))
        ? [`: ${value.slice(0, 200)}`]
        : []
    })
    .join('')
}
