import { once } from 'node:events'
import { createServer as createHttpServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { randomUUID } from 'node:crypto'
import { answerAsMcpServer } from './mcp-server.ts'
import { metadataAt } from './service-metadata.ts'
import { Refusal, type Verifier } from './services.ts'

/** What is at a path. */
export type Endpoint =
  | {
      /** It takes assertions: as client authentication, as a grant, or as a bearer token. */
      readonly kind: 'client' | 'grant' | 'bearer'
      readonly verifier: Verifier
      /** Parameters that the request must have, beside those of the kind. */
      readonly parameters?: Readonly<Record<string, string>>
    }
  | {
      /** An MCP server. It takes access tokens. */
      readonly kind: 'mcp'
      /** The authorization server that it names. */
      readonly issuer: string
    }

/** The services that the clients log in to, on this machine. */
export interface ServiceServer {
  readonly origin: string
  /** The requests with an assertion that was accepted, by path. */
  readonly accepted: readonly string[]
  /** The reasons why assertions were refused. */
  readonly refused: readonly string[]
  /** Whether a service gave out this access token. */
  isIssued(token: string | null | undefined): boolean
  /** Takes back all access tokens. */
  revoke(): void
  close(): void
}

const assertionType = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'

/** How GitHub words what it refuses; its client acts on some of it. */
const gitHubRefusals: readonly [RegExp, string][] = [
  [/iat/, "'Issued at' claim ('iat') must be an Integer representing the time that the assertion was issued"],
  [/exp is more/, "'Expiration time' claim ('exp') is too far in the future"],
  [
    /"exp" claim/,
    "'Expiration time' claim ('exp') must be a numeric value representing the future time at which the assertion expires",
  ],
]

/**
 * Starts the services at these paths.
 *
 * @param tls for HTTPS
 * @param clock of the services
 */
export async function startServices(
  endpoints: (origin: string) => Readonly<Record<string, Endpoint>>,
  tls?: { readonly key: string; readonly cert: string },
  clock: () => Date = () => new Date(),
): Promise<ServiceServer> {
  const accepted: string[] = []
  const refused: string[] = []
  const issued = new Set<string>()
  let origin = ''
  let routes: Readonly<Record<string, Endpoint>> = {}

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname } = new URL(request.url ?? '/', origin)
    response.setHeader('date', clock().toUTCString())
    const body = Buffer.concat(await request.toArray())
    const endpoint = routes[pathname]
    if (endpoint === undefined) {
      const metadata = metadataAt(pathname, origin, routes)
      return metadata === null ? callApi(request, response) : send(response, 200, metadata)
    }
    if (endpoint.kind === 'mcp') {
      if (hasToken(request)) return answerAsMcpServer(request, response, body)
      const metadata = `${origin}/.well-known/oauth-protected-resource${pathname}`
      return send(response, 401, {}, { 'www-authenticate': `Bearer resource_metadata="${metadata}"` })
    }
    try {
      await endpoint.verifier.verify(assertionOf(endpoint, request, body), clock())
    } catch (error) {
      if (!(error instanceof Refusal)) throw error
      refused.push(error.message)
      return send(response, 401, {
        error: 'invalid_client',
        error_description: error.message,
        message: gitHubRefusals.find(([reason]) => reason.test(error.message))?.[1] ?? 'Bad credentials',
      })
    }
    accepted.push(pathname)
    const token = randomUUID()
    issued.add(token)
    const expiresAt = new Date(clock().getTime() + 3_600_000).toISOString()
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

  function hasToken(request: IncomingMessage): boolean {
    const [, token = ''] = /^(?:token|bearer) (.*)$/i.exec(request.headers.authorization ?? '') ?? []
    return issued.has(token)
  }

  /** Any other path is an API that takes access tokens. */
  function callApi(request: IncomingMessage, response: ServerResponse): void {
    const isAllowed = hasToken(request)
    send(response, isAllowed ? 200 : 403, { isAllowed })
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
    revoke: () => issued.clear(),
    close() {
      server.close()
      server.closeAllConnections()
    },
  }
}

/** @throws Refusal when the request has no assertion where the service expects it */
function assertionOf(
  { kind, parameters = {} }: Exclude<Endpoint, { readonly kind: 'mcp' }>,
  request: IncomingMessage,
  body: Buffer,
): string {
  if (kind === 'bearer') {
    const [, token] = /^bearer (.*)$/i.exec(request.headers.authorization ?? '') ?? []
    return required('authorization', token)
  }
  const form = new URLSearchParams(body.toString())
  for (const [name, value] of Object.entries(parameters)) expectParameter(form, name, value)
  if (kind === 'grant') {
    expectParameter(form, 'grant_type', 'urn:ietf:params:oauth:grant-type:jwt-bearer')
    return required('assertion', form.get('assertion'))
  }
  expectParameter(form, 'grant_type', 'client_credentials')
  expectParameter(form, 'client_assertion_type', assertionType)
  return required('client_assertion', form.get('client_assertion'))
}

function expectParameter(form: URLSearchParams, name: string, value: string): void {
  if (form.get(name) !== value || form.getAll(name).length > 1) throw new Refusal(`${name} is wrong`)
}

function required(name: string, value: string | null | undefined): string {
  if (value === null || value === undefined || value === '') throw new Refusal(`${name} is missing`)
  return value
}

function send(
  response: ServerResponse,
  status: number,
  body: object,
  headers: Readonly<Record<string, string>> = {},
): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body))
}
