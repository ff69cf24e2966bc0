import cors from '@fastify/cors'
import { headerValues } from '@sealwright/core/internal'
import type { FastifyInstance, FastifyReply, FastifyRequest, onRequestHookHandler } from 'fastify'
import { clientErrorStatus, retryAfterOf } from '../client-error.ts'
import { UnrecordedError } from '../audit/token-audit.ts'
import { tokenCors } from '../headers/cross-origin.ts'
import { networkOfRequest } from '../limits/limits.ts'
import type { Service } from '../service.ts'
import { createAccessTokens } from './access-tokens.ts'
import type { Client } from '../settings/settings.ts'
import { createClientAuthenticator } from './client-authentication.ts'
import { invalidRequest, OAuthError, tooManyRequests } from './errors.ts'
import { acceptForms, formOf, type Form } from './form.ts'
import { paths } from './metadata.ts'
import { grantScopes } from './scopes.ts'

/** Parameters that must not be in a URL, which ends up in logs and histories (RFC 6749 §2.3.1). */
const bodyParameters = [
  'grant_type',
  'scope',
  'client_id',
  'client_secret',
  'client_assertion',
  'client_assertion_type',
]

declare module 'fastify' {
  interface FastifyRequest {
    /** The client of a token request, for the log; null until it has authenticated. Other requests have none. */
    client?: Client | null
  }
}

/** The token endpoint (RFC 6749 §3.2) with the client credentials grant (§4.4). */
export function tokenEndpoint(service: Service): (app: FastifyInstance) => Promise<void> {
  function replyWithError(error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
    const answer = toOAuthError(error, request)
    // The reason is ours and quotes no credentials; what the client sent is not logged.
    // Null instead of left out, so that the line takes the same time for a client that does not exist.
    const clientId = request.client?.clientId ?? answer.clientId ?? null
    const summary = { clientId, error: answer.error, reason: answer.reason }
    if (answer.statusCode >= 500) {
      service.activity.failed()
      request.log.error({ ...summary, err: causeOf(error) }, 'token request failed')
    } else {
      service.activity.refused()
      request.log.info(summary, 'token request refused')
    }
    return reply.code(answer.statusCode).headers(answer.headers).send(answer.toJSON())
  }

  return async (app) => {
    const { clock, replays, limits } = service
    const current = await service.live.derive(async (settings) => ({
      settings,
      accessTokens: createAccessTokens(service, settings),
      authenticate: await createClientAuthenticator({
        clients: settings.clients,
        clock,
        replays,
        lockout: limits.lockout,
      }),
    }))
    const { corsOrigins } = service.settings
    if (corsOrigins.length > 0) {
      app.addHook('onRequest', onlyPreflights(app.prefix + paths.token))
      await app.register(cors, tokenCors(corsOrigins))
    }
    acceptForms(app)
    // A WeakMap of requests would cost the garbage collector some microseconds for each token.
    app.decorateRequest('client', null)
    app.setErrorHandler(replyWithError)
    // First, so that errors are not cached either (RFC 6749 §5.1).
    app.addHook('onRequest', (request, reply, done) => {
      noStore(reply)
      if (request.method !== 'POST') throw postOnly(reply)
      const wait = limits.requests?.take(networkOfRequest(request)) ?? 0
      if (wait > 0) throw tooManyRequests('there are too many requests from this address', wait)
      refuseQuery(request.query)
      const encoding = request.headers['content-encoding']
      if (encoding !== undefined && encoding.toLowerCase() !== 'identity') {
        // Without the header a 415 is about the media type (RFC 9110 §12.5.3).
        reply.header('accept-encoding', 'identity')
        throw invalidRequest('the body must not have a Content-Encoding', 415)
      }
      done()
    })

    app.all(paths.token, async (request, reply) => {
      const form = readForm(request)
      // A reload in the meantime changes nothing for this request.
      const { settings, accessTokens, authenticate } = current()
      const { client, method } = await authenticate({
        authorization: headerValues(request.raw.rawHeaders, 'authorization'),
        form,
        network: () => networkOfRequest(request),
        audience: [service.issuer(), service.issuer() + paths.token],
      })
      request.client = client
      const grantType = form.get('grant_type')
      if (grantType === undefined) throw invalidRequest('grant_type is missing')
      if (grantType !== 'client_credentials') {
        throw new OAuthError('unsupported_grant_type', 'the only supported grant_type is client_credentials')
      }
      if (!client.grantTypes.includes(grantType)) {
        throw new OAuthError('unauthorized_client', 'the client may not use client_credentials')
      }
      const grant = grantScopes(client, settings.resources, form.get('scope'))
      const wait = limits.tokens?.take(client.clientId) ?? 0
      if (wait > 0) throw tooManyRequests('the client requests too many tokens', wait)
      const token = await accessTokens.issue(client, grant, request)
      const { scopes } = grant
      request.log.info({ clientId: client.clientId, method, scopes }, 'token issued')
      reply.type('application/json; charset=utf-8')
      return tokenResponse(token, client.accessTokenLifetime, scopes.join(' '))
    })
  }
}

/**
 * For a hook before @fastify/cors, which answers OPTIONS of every path as if pages could use it, and one that is no preflight
 * (Fetch §3.2.2) with text.
 */
function onlyPreflights(path: string): onRequestHookHandler {
  return (request, reply, done) => {
    if (request.method !== 'OPTIONS') return done()
    if (request.routeOptions.url !== path) {
      reply.callNotFound()
      return
    }
    const { origin, 'access-control-request-method': method } = request.headers
    if (origin === undefined || method === undefined) throw postOnly(noStore(reply))
    done()
  }
}

function postOnly(reply: FastifyReply): OAuthError {
  reply.header('allow', 'POST')
  return invalidRequest('the token endpoint accepts POST only', 405)
}

function noStore(reply: FastifyReply): FastifyReply {
  return reply.header('cache-control', 'no-store').header('pragma', 'no-cache')
}

/** The JSON text of RFC 6749 §5.1. JSON.stringify would search the token for characters to escape, and a token has none. */
function tokenResponse(token: string, lifetime: number, scope: string): string {
  return `{"access_token":"${token}","token_type":"Bearer","expires_in":${lifetime},"scope":${JSON.stringify(scope)}}`
}

function refuseQuery(query: unknown): void {
  if (typeof query !== 'object' || query === null) return
  const name = bodyParameters.find((each) => each in query)
  if (name !== undefined) throw invalidRequest(`${name} must be in the body, not in the URL`)
}

function readForm(request: FastifyRequest): Form {
  const form = formOf(request)
  if (form !== null) return form
  throw invalidRequest('the request has no body; the parameters must be in it')
}

/** What the administrator has to look at: an OAuthError is what the client is told. */
function causeOf(error: unknown): unknown {
  return error instanceof OAuthError ? (error.cause ?? error) : error
}

function toOAuthError(error: unknown, { client = null }: FastifyRequest): OAuthError {
  if (error instanceof OAuthError) return error
  const retryAfter = retryAfterOf(error)
  if (retryAfter !== null) {
    const description =
      error instanceof UnrecordedError ? 'tokens cannot be recorded now' : 'the signing key is unavailable'
    return new OAuthError('temporarily_unavailable', description, {
      statusCode: 503,
      headers: { 'retry-after': String(retryAfter) },
      cause: error,
    })
  }
  // Later errors are not of the request: other libraries, such as the Azure SDK, have a status in theirs as well.
  if (client !== null || clientErrorStatus(error) === null) {
    return new OAuthError('server_error', 'the request failed', {
      statusCode: 500,
      cause: error,
    })
  }
  const code = error instanceof Error && 'code' in error ? error.code : null
  switch (code) {
    case 'FST_ERR_CTP_INVALID_MEDIA_TYPE':
      return invalidRequest('the Content-Type must be application/x-www-form-urlencoded')
    case 'FST_ERR_CTP_BODY_TOO_LARGE':
      return invalidRequest('the body is too large', 413)
    default:
      return invalidRequest('the body is not complete')
  }
}
