import { once } from 'node:events'
import { createServer as createHttpServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { randomUUID } from 'node:crypto'
import { Refusal, type Verifier } from './services.ts'

/** How a service takes an assertion: as client authentication, as a grant, or as a bearer token. */
export type Endpoint =
  | { readonly kind: 'client' | 'grant'; readonly verifier: Verifier; readonly clientId?: string }
  | { readonly kind: 'bearer'; readonly verifier: Verifier }

/** Somebody else's services, on this machine. */
export interface ServiceServer {
  readonly origin: string
  /** The requests with an assertion that was accepted, by path. */
  readonly accepted: readonly string[]
  /** The reasons why assertions were refused. */
  readonly refused: readonly string[]
  /** Whether a service gave out this access token. */
  isIssued(token: string | null | undefined): boolean
  close(): void
}

const assertionType = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'

/**
 * Starts the services at these paths. Paths that begin with another one and `/.well-known/` have its metadata.
 *
 * @param tls for HTTPS
 */
export async function startServices(
  endpoints: (origin: string) => Readonly<Record<string, Endpoint>>,
  tls?: { readonly key: string; readonly cert: string },
): Promise<ServiceServer> {
  const accepted: string[] = []
  const refused: string[] = []
  const issued = new Set<string>()
  let origin = ''
  let routes: Readonly<Record<string, Endpoint>> = {}

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname } = new URL(request.url ?? '/', origin)
    const form = new URLSearchParams(Buffer.concat(await request.toArray()).toString())
    const metadata = /^(.*)\/\.well-known\//.exec(pathname)
    if (metadata !== null)
      return send(response, 200, discovery(origin, metadata[1] ?? '', Object.keys(routes)))
    const endpoint = routes[pathname]
    if (endpoint === undefined) return callApi(request, response)
    try {
      await endpoint.verifier.verify(assertionOf(endpoint, request, form))
    } catch (error) {
      if (!(error instanceof Refusal)) throw error
      refused.push(error.message)
      return send(response, 401, {
        error: 'invalid_client',
        error_description: error.message,
        message: error.message,
      })
    }
    accepted.push(pathname)
    const token = randomUUID()
    issued.add(token)
    const expiresAt = new Date(Date.now() + 3_600_000).toISOString()
    send(response, endpoint.kind === 'bearer' ? 201 : 200, {
      access_token: token,
      token_type: 'Bearer',
      expires_in: 3600,
      // GitHub's names.
      token,
      expires_at: expiresAt,
      permissions: {},
      repository_selection: 'all',
    })
  }

  /** Any other path is an API that takes access tokens. */
  function callApi(request: IncomingMessage, response: ServerResponse): void {
    const [, token = ''] = /^(?:token|bearer) (.*)$/i.exec(request.headers.authorization ?? '') ?? []
    send(response, issued.has(token) ? 200 : 403, { isAllowed: issued.has(token) })
  }

  const listener = (request: IncomingMessage, response: ServerResponse): void => {
    answer(request, response).catch((error: unknown) => response.destroy(error as Error))
  }
  const server = tls === undefined ? createHttpServer(listener) : createHttpsServer(tls, listener)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  origin = `${tls === undefined ? 'http' : 'https'}://localhost:${(server.address() as AddressInfo).port}`
  routes = endpoints(origin)
  return {
    origin,
    accepted,
    refused,
    isIssued: (token) => issued.has(token ?? ''),
    close() {
      server.close()
      server.closeAllConnections()
    },
  }
}

/** @throws Refusal when the request has no assertion where the service expects it */
function assertionOf(endpoint: Endpoint, request: IncomingMessage, form: URLSearchParams): string {
  if (endpoint.kind === 'bearer') {
    const [, token] = /^bearer (.*)$/i.exec(request.headers.authorization ?? '') ?? []
    return required('authorization', token)
  }
  if (endpoint.kind === 'grant') {
    expectField(form, 'grant_type', 'urn:ietf:params:oauth:grant-type:jwt-bearer')
    return required('assertion', form.get('assertion'))
  }
  expectField(form, 'grant_type', 'client_credentials')
  expectField(form, 'client_assertion_type', assertionType)
  if (endpoint.clientId !== undefined) expectField(form, 'client_id', endpoint.clientId)
  return required('client_assertion', form.get('client_assertion'))
}

function expectField(form: URLSearchParams, name: string, value: string): void {
  if (form.get(name) !== value || form.getAll(name).length > 1) throw new Refusal(`${name} is wrong`)
}

function required(name: string, value: string | null | undefined): string {
  if (value === null || value === undefined || value === '') throw new Refusal(`${name} is missing`)
  return value
}

/** Metadata of the authorization server whose token endpoint is below that path. */
function discovery(origin: string, path: string, paths: readonly string[]): object {
  const [, tenant] = /^\/([^/]+)\/v2\.0$/.exec(path) ?? []
  const base = tenant === undefined ? path : `/${tenant}/`
  return {
    issuer: `${origin}${path}`,
    authorization_endpoint: `${origin}${path}/authorize`,
    token_endpoint: `${origin}${paths.find((each) => each.startsWith(base)) ?? ''}`,
    jwks_uri: `${origin}${path}/keys`,
  }
}

function send(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}
