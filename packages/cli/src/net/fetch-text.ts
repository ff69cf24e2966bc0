import { SealwrightError } from '@sealwright/core'

const timeout = 10_000
/** A JWK Set of 100 keys with certificates has less. */
const maximumBytes = 2 ** 20

/** What to send; by default a GET for JSON. */
export interface HttpRequest {
  readonly method?: 'GET' | 'POST'
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
  /** Whether http is accepted of any host: nothing secret is sent, and the answer is not trusted. Default false. */
  readonly anyHttp?: boolean
  /** Whether a redirect is an answer like any other. It is never followed. Default false: it is an error. */
  readonly acceptRedirect?: boolean
}

/** The head of an answer, whatever its status is. */
interface AnswerHead {
  readonly url: URL
  readonly status: number
  readonly headers: Headers
  /** When the request was sent and when the head of its answer had arrived, by this machine's clock. */
  readonly sentAt: Date
  readonly receivedAt: Date
}

/** An answer, whatever its status is. */
export interface HttpAnswer extends AnswerHead {
  readonly text: string
}

/**
 * Sends a request over https, or over http only to this machine. Redirects are not followed: the answer comes from the
 * address that the user gave.
 *
 * @param what for messages, such as `the JWK Set`
 * @throws SealwrightError `INVALID_ARGUMENT` for another URL; `UNAVAILABLE`; `LIMIT_EXCEEDED` over 1 MiB
 */
export async function fetchText(address: string, what: string, request?: HttpRequest): Promise<HttpAnswer> {
  const { response, ...head } = await send(address, what, request)
  return { ...head, text: await readText(response, placeOf(what, head.url)) }
}

/**
 * Only the status of a response. Its body is not read, however long it is.
 *
 * @param what for messages, such as `the API`
 * @throws SealwrightError as {@link fetchText}, without its limit
 */
export async function fetchStatus(address: string, what: string, request?: HttpRequest): Promise<number> {
  const { response, status } = await send(address, what, request)
  // A body that cannot be cancelled has ended already.
  await response.body?.cancel().catch(() => undefined)
  return status
}

async function send(
  address: string,
  what: string,
  { anyHttp = false, acceptRedirect = false, ...request }: HttpRequest = {},
): Promise<AnswerHead & { readonly response: Response }> {
  const url = parseUrl(address, what, anyHttp)
  const place = placeOf(what, url)
  const sentAt = new Date()
  let response: Response
  try {
    response = await fetch(url, {
      ...request,
      headers: { accept: 'application/json', ...request.headers },
      redirect: 'manual',
      signal: AbortSignal.timeout(timeout),
    })
  } catch (cause) {
    throw new SealwrightError('UNAVAILABLE', `${place} cannot be read: ${reasonOf(cause)}`, { cause })
  }
  const receivedAt = new Date()
  const { status, headers } = response
  if (status >= 300 && status < 400 && !acceptRedirect) {
    throw new SealwrightError(
      'UNAVAILABLE',
      `${place} redirects to another address; use that one: ${targetOf(headers.get('location'), url)}`,
    )
  }
  return { url, status, headers, response, sentAt, receivedAt }
}

/** For messages: the name of the resource and its URL, without the query. */
export function placeOf(what: string, url: URL): string {
  return `${what} at ${shownUrl(url)}`
}

/** A URL for reports: a query, a fragment and user info may be secret. */
export function shownUrl(address: string | URL): string {
  if (!URL.canParse(String(address))) return 'an address that is not a URL'
  const { protocol, host, pathname } = new URL(address)
  return `${protocol}//${host}${pathname}`
}

/** Where a redirect leads. Its URL may be relative (RFC 9110 §10.2.2). */
function targetOf(location: string | null, base: URL): string {
  return location === null || !URL.canParse(location, base.href)
    ? 'unknown'
    : shownUrl(new URL(location, base))
}

/** Whether no network attacker can read or change what is sent there. http is safe only within this machine. */
export function isProtected(address: string, issuer: string): boolean {
  if (!URL.canParse(address)) return false
  const url = new URL(address)
  return (
    url.protocol === 'https:' || (url.protocol === 'http:' && isLoopback(url) && isLoopback(new URL(issuer)))
  )
}

/** Whether the URL is of this machine, where http is as good as https. */
function isLoopback({ hostname }: URL): boolean {
  return /^(?:localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(hostname)
}

function parseUrl(address: string, what: string, anyHttp: boolean): URL {
  const url = URL.canParse(address) ? new URL(address) : null
  if (url === null || !/^https?:$/.test(url.protocol)) {
    throw new SealwrightError(
      'INVALID_ARGUMENT',
      `the address of ${what} is not a URL; it begins with https://`,
    )
  }
  if (url.username !== '' || url.password !== '') {
    throw new SealwrightError(
      'INVALID_ARGUMENT',
      `the address of ${what} has a user name or password in it; remove it`,
    )
  }
  if (url.protocol === 'http:' && !anyHttp && !isLoopback(url)) {
    throw new SealwrightError(
      'INVALID_ARGUMENT',
      `the address of ${what} is http, which a network attacker can change; use https (http is allowed for localhost only)`,
    )
  }
  return url
}

async function readText(response: Response, place: string): Promise<string> {
  const chunks: Uint8Array[] = []
  let length = 0
  try {
    for await (const chunk of response.body ?? []) {
      chunks.push(chunk)
      length += chunk.length
      if (length > maximumBytes) break
    }
  } catch (cause) {
    throw new SealwrightError('UNAVAILABLE', `${place} cannot be read: ${reasonOf(cause)}`, { cause })
  }
  if (length > maximumBytes) {
    throw new SealwrightError('LIMIT_EXCEEDED', `${place} has more than the allowed ${maximumBytes} bytes`)
  }
  return Buffer.concat(chunks).toString('utf8')
}

const reasons: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing listens there; is the server running, and is the port right?',
  ENOTFOUND: 'the host name does not exist; is it spelt right?',
  EAI_AGAIN: 'the host name cannot be looked up now',
  ECONNRESET: 'the server closed the connection; is it https?',
  ETIMEDOUT: 'the server does not answer',
  ERR_SSL_WRONG_VERSION_NUMBER: 'the server does not speak TLS on that port; is it http?',
  ERR_SSL_PACKET_LENGTH_TOO_LONG: 'the server does not speak TLS on that port; is it http?',
  DEPTH_ZERO_SELF_SIGNED_CERT:
    'its TLS certificate is self-signed; set NODE_EXTRA_CA_CERTS to the file of that certificate',
  SELF_SIGNED_CERT_IN_CHAIN:
    'its TLS certificate is from a CA that is not trusted; set NODE_EXTRA_CA_CERTS to the file of the CA',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    'its TLS certificate is from a CA that is not trusted; set NODE_EXTRA_CA_CERTS to the file of the CA',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    'its TLS certificate is from a CA that is not trusted; set NODE_EXTRA_CA_CERTS to the file of the CA',
  CERT_HAS_EXPIRED: 'its TLS certificate has expired',
  ERR_TLS_CERT_ALTNAME_INVALID: 'its TLS certificate is for another host',
}

function reasonOf(error: unknown): string {
  if (error instanceof Error && error.name === 'TimeoutError') return `no answer in ${timeout / 1000} s`
  const cause: unknown = error instanceof Error ? error.cause : undefined
  const code: unknown = cause instanceof Error ? Reflect.get(cause, 'code') : undefined
  if (typeof code === 'string') return reasons[code] ?? code
  // The Fetch standard blocks the ports of other protocols, such as 25.
  return cause instanceof Error && cause.message === 'bad port'
    ? 'HTTP clients do not use that port'
    : 'the connection failed'
}
