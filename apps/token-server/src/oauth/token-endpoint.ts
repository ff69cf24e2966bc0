import { isSealwrightError, type ErrorCode } from '@sealwright/core'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { clientErrorStatus } from '../client-error.ts'
import type { Service } from '../service.ts'
import { createAccessTokens } from './access-tokens.ts'
import { createClientAuthenticator } from './client-authentication.ts'
import { invalidRequest, OAuthError } from './errors.ts'
import { parseForm, type Form } from './form.ts'
import { grantScopes } from './scopes.ts'

/** Seconds after which a client may try again when the key could not be used and nothing says for how long. */
const retryAfter = 5

/**
 * Why a key cannot sign now and may be able to later: its store is away or answered with what did not verify, or somebody
 * took away the permission or the key, and can give it back. Everything else is a mistake of this program's.
 */
const passingFailures: ReadonlySet<ErrorCode> = new Set([
  'UNAVAILABLE',
  'TIMEOUT',
  'ACCESS_DENIED',
  'INVALID_SIGNATURE',
  'NOT_FOUND',
])

/** Parameters that say who asks and for what. In a URL they end up in logs and histories (RFC 6749 §2.3.1). */
const bodyParameters = [
  'grant_type',
  'scope',
  'client_id',
  'client_secret',
  'client_assertion',
  'client_assertion_type',
]

/** The token endpoint (RFC 6749 §3.2) with the client credentials grant (§4.4). */
export function tokenEndpoint(service: Service): (app: FastifyInstance) => Promise<void> {
  const authenticate = createClientAuthenticator({
    clients: service.settings.clients,
    clock: service.clock,
  })
  const accessTokens = createAccessTokens(service)

  return async (app) => {
    // A form is all that this endpoint reads, so nothing else is parsed.
    app.removeAllContentTypeParsers()
    app.addContentTypeParser(
      'application/x-www-form-urlencoded',
      { parseAs: 'buffer' },
      async (_request: FastifyRequest, body: Buffer) => parseForm(body),
    )
    app.setErrorHandler(replyWithError)
    // First of all, so that errors too are never cached (RFC 6749 §5.1).
    app.addHook('onRequest', async (request, reply) => {
      reply.header('cache-control', 'no-store').header('pragma', 'no-cache')
      if (request.method !== 'POST') {
        reply.header('allow', 'POST')
        throw invalidRequest('the token endpoint takes POST only', 405)
      }
      refuseQuery(request.query)
    })

    app.all('/connect/token', async (request) => {
      const form = readForm(request.body)
      const { client, method } = await authenticate({
        authorization: authorizationHeaders(request.raw.rawHeaders),
        form,
        audience: [service.issuer(), `${service.issuer()}/connect/token`],
      })
      const grantType = form.get('grant_type')
      if (grantType === undefined) throw invalidRequest('grant_type is missing')
      if (grantType !== 'client_credentials') {
        throw new OAuthError('unsupported_grant_type', 'the only grant_type here is client_credentials')
      }
      if (!client.grantTypes.includes(grantType)) {
        throw new OAuthError('unauthorized_client', 'the client may not use client_credentials')
      }
      const grant = grantScopes(client, service.settings.resources, form.get('scope'))
      const token = await accessTokens.issue(client, grant)
      const { scopes } = grant
      request.log.info({ clientId: client.clientId, method, scopes }, 'token issued')
      return {
        access_token: token,
        token_type: 'Bearer',
        expires_in: client.accessTokenLifetime,
        scope: scopes.join(' '),
      }
    })
  }
}

function refuseQuery(query: unknown): void {
  const names = typeof query === 'object' && query !== null ? Object.keys(query) : []
  const name = bodyParameters.find((each) => names.includes(each))
  if (name !== undefined) throw invalidRequest(`${name} belongs in the body, never in the URL`)
}

function readForm(body: unknown): Form {
  if (body instanceof Map) return body
  throw invalidRequest('the request has no body; its parameters go there')
}

/** Every Authorization header. Node's `headers` keeps the first alone, and two are two methods of authentication. */
function authorizationHeaders(rawHeaders: readonly string[]): readonly string[] {
  return rawHeaders.filter(
    (_, index) => index % 2 === 1 && rawHeaders[index - 1]?.toLowerCase() === 'authorization',
  )
}

function replyWithError(error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const answer = toOAuthError(error)
  // The reason is ours and quotes no credentials; what the client sent is not logged at all.
  const summary = { error: answer.error, reason: answer.reason }
  if (answer.statusCode >= 500) request.log.error({ ...summary, err: error }, 'token request failed')
  else request.log.info(summary, 'token request refused')
  return reply.code(answer.statusCode).headers(answer.headers).send(answer.toJSON())
}

function toOAuthError(error: unknown): OAuthError {
  if (error instanceof OAuthError) return error
  if (mayPass(error)) {
    return new OAuthError('temporarily_unavailable', 'the signing key cannot be used at the moment', {
      statusCode: 503,
      headers: {
        'retry-after': String(isSealwrightError(error) ? (error.retryAfter ?? retryAfter) : retryAfter),
      },
      cause: error,
    })
  }
  if (clientErrorStatus(error) === null) {
    return new OAuthError('server_error', 'the request could not be carried out', {
      statusCode: 500,
      cause: error,
    })
  }
  switch (codeOf(error)) {
    case 'FST_ERR_CTP_INVALID_MEDIA_TYPE':
      return invalidRequest('the Content-Type must be application/x-www-form-urlencoded')
    case 'FST_ERR_CTP_BODY_TOO_LARGE':
      return invalidRequest('the body is too large', 413)
    default:
      return invalidRequest('the body did not arrive as the headers say')
  }
}

function mayPass(error: unknown): boolean {
  if (isSealwrightError(error)) return passingFailures.has(error.code)
  return error instanceof Error && error.name === 'TimeoutError'
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined
}
