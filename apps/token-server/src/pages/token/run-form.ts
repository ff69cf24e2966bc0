import type { FastifyInstance } from 'fastify'
import { identityPath } from '../../api/identity.ts'
import type { Form } from '../../oauth/form.ts'
import { paths } from '../../oauth/metadata.ts'
import { decodeToken, type TokenParts } from './decode-token.ts'
import { isForgery, tamper, type Forgery } from './tamper.ts'

/** What the visitor has tried, and what came of it. */
export interface Trial {
  readonly clientId: string | null
  readonly scope: string | null
  /** The token that the visitor has; null for none. */
  readonly token: TokenParts | null
  /** What the token endpoint answered, if it was asked. */
  readonly issued: Answer | null
  /** What the API answered, if it was called. */
  readonly called: (Answer & { readonly forgery: Forgery | null }) | null
}

export interface Answer {
  readonly request: string
  readonly status: number
  readonly statusText: string
  /** The `WWW-Authenticate` of a refusal. */
  readonly challenge: string | null
  /** JSON, indented; without the token itself. */
  readonly body: string
}

export const noTrial: Trial = { clientId: null, scope: null, token: null, issued: null, called: null }

/** The request that a visitor has made. */
interface Visit {
  readonly app: FastifyInstance
  /** The path of the issuer. */
  readonly base: string
  /** The visitor's address and the request's id, for the log. */
  readonly address: string
  readonly requestId: string
}

/**
 * Does what a button of the page says, through the public endpoints, which authenticate the client and verify the token as
 * usual.
 */
export async function runForm(visit: Visit, form: Form): Promise<Trial> {
  const clientId = form.get('client_id') ?? null
  const scope = form.get('scope') ?? null
  const shown = { ...noTrial, clientId, scope }
  if (form.get('action') === 'issue') {
    return { ...shown, ...(await requestToken(visit, form)) }
  }
  const token = decodeToken(form.get('token') ?? '')
  if (token === null) return shown
  const chosen = form.get('action')
  const forgery = isForgery(chosen) ? chosen : null
  const sent = forgery === null ? token.encoded.join('.') : tamper(token, forgery)
  const request = { method: 'GET', url: visit.base + identityPath } as const
  const answer = await send(visit, { ...request, headers: { authorization: `Bearer ${sent}` } })
  return { ...shown, token, called: { ...answer, forgery } }
}

async function requestToken(visit: Visit, form: Form): Promise<Pick<Trial, 'token' | 'issued'>> {
  const parameters = new URLSearchParams({ grant_type: 'client_credentials' })
  for (const name of ['client_id', 'client_secret', 'scope']) {
    const value = form.get(name)
    if (value !== undefined) parameters.set(name, value)
  }
  const { token, ...issued } = await send(visit, {
    method: 'POST',
    url: visit.base + paths.token,
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    payload: parameters.toString(),
  })
  return { issued, token: token === null ? null : decodeToken(token) }
}

/** Sends a request to this server, and takes the token out of the answer. */
async function send(
  { app, address, requestId }: Visit,
  request: {
    readonly method: 'GET' | 'POST'
    readonly url: string
    readonly headers: Readonly<Record<string, string>>
    readonly payload?: string
  },
): Promise<Answer & { readonly token: string | null }> {
  const response = await app.inject({
    ...request,
    remoteAddress: address,
    headers: { ...request.headers, 'x-request-id': requestId },
  })
  const { access_token: token, ...rest } = response.json<Record<string, unknown>>()
  const challenge = response.headers['www-authenticate']
  return {
    request: `${request.method} ${request.url}`,
    status: response.statusCode,
    statusText: response.statusMessage,
    challenge: typeof challenge === 'string' ? challenge : null,
    body: JSON.stringify(token === undefined ? rest : { access_token: '… (below)', ...rest }, null, 2),
    token: typeof token === 'string' ? token : null,
  }
}
