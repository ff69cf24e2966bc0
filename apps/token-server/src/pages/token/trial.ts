import type { FastifyInstance, LightMyRequestResponse } from 'fastify'
import { identityPath } from '../../api/identity.ts'
import type { Form } from '../../oauth/form.ts'
import { paths } from '../../oauth/metadata.ts'
import { takeApart, type TokenParts } from './take-apart.ts'
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

/**
 * Does what a button of the page says, through the endpoints that everybody uses: the token endpoint authenticates the client
 * as ever, and the API verifies the token as ever.
 */
export async function tryOut(app: FastifyInstance, base: string, form: Form): Promise<Trial> {
  const clientId = form.get('client_id') ?? null
  const scope = form.get('scope') ?? null
  const shown = { ...noTrial, clientId, scope }
  if (form.get('action') === 'issue') {
    return { ...shown, ...(await requestToken(app, base, form)) }
  }
  const token = takeApart(form.get('token') ?? '')
  if (token === null) return shown
  const chosen = form.get('action')
  const forgery = isForgery(chosen) ? chosen : null
  const sent = forgery === null ? token.encoded.join('.') : tamper(token, forgery)
  const response = await app.inject({
    method: 'GET',
    url: base + identityPath,
    headers: { authorization: `Bearer ${sent}` },
  })
  return { ...shown, token, called: { ...answerOf(`GET ${identityPath}`, response), forgery } }
}

async function requestToken(
  app: FastifyInstance,
  base: string,
  form: Form,
): Promise<Pick<Trial, 'token' | 'issued'>> {
  const parameters = new URLSearchParams({ grant_type: 'client_credentials' })
  for (const name of ['client_id', 'client_secret', 'scope']) {
    const value = form.get(name)
    if (value !== undefined) parameters.set(name, value)
  }
  const response = await app.inject({
    method: 'POST',
    url: base + paths.token,
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    payload: parameters.toString(),
  })
  const { access_token: token } = jsonOf(response)
  return {
    issued: answerOf(`POST ${paths.token}`, response),
    token: typeof token === 'string' ? takeApart(token) : null,
  }
}

function answerOf(request: string, response: LightMyRequestResponse): Answer {
  const { access_token: token, ...rest } = jsonOf(response)
  const challenge = response.headers['www-authenticate']
  return {
    request,
    status: response.statusCode,
    statusText: response.statusMessage,
    challenge: typeof challenge === 'string' ? challenge : null,
    body: JSON.stringify(token === undefined ? rest : { access_token: '… (below)', ...rest }, null, 2),
  }
}

function jsonOf(response: LightMyRequestResponse): Record<string, unknown> {
  return response.json<Record<string, unknown>>()
}
