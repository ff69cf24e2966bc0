import { randomUUID } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import type { AuditLog } from '@sealwright/audit-log'
import type { KeyVaultStatus } from '@sealwright/azure-keyvault'
import type { KeyRing } from '@sealwright/keyring'
import Fastify, {
  LogController,
  type FastifyBaseLogger,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
} from 'fastify'
import { Activity } from './activity/activity.ts'
import { BearerError } from './api/bearer.ts'
import { identityApi } from './api/identity.ts'
import { TokenAudit } from './audit/token-audit.ts'
import { clientErrorStatus, retryAfterOf } from './client-error.ts'
import { securityHeaders } from './headers/security-headers.ts'
import { Draining } from './health/draining.ts'
import { health } from './health/health.ts'
import { messageProblem, type MessageProblem } from './http/message-problem.ts'
import { refuseUnreadable } from './http/unreadable-request.ts'
import { noLimits, type Limits } from './limits/limits.ts'
import { createLogger, quieter } from './logging/logger.ts'
import { replayWindow } from './oauth/assertion-times.ts'
import { authorizationServerMetadata, metadata } from './oauth/metadata.ts'
import { tokenEndpoint } from './oauth/token-endpoint.ts'
import { page } from './pages/page.ts'
import { LiveSettings } from './reload/live-settings.ts'
import { trustedProxies } from './proxies/trusted-proxies.ts'
import { MemoryReplayStore } from './replay/memory-store.ts'
import type { ReplayStore } from './replay/replay-store.ts'
import type { RedisState, Service } from './service.ts'
import type { Settings } from './settings/settings.ts'
import type { Telemetry } from './telemetry/telemetry.ts'

export interface ServerOptions {
  /** The settings, or those that a reload can replace. */
  readonly settings: Settings | LiveSettings
  /** Closes with the server. */
  readonly ring: KeyRing
  /** Default: none. */
  readonly logger?: FastifyBaseLogger | undefined
  /** Default: this machine's clock. */
  readonly clock?: (() => Date) | undefined
  /** The used client assertions, for all servers that share it. Default: the memory of this process. */
  readonly replays?: ReplayStore | undefined
  /** What was asked of each vault that has keys of the ring. Default: there is none. */
  readonly vaults?: (() => readonly KeyVaultStatus[]) | undefined
  /** Closes with the server. Default: no metrics and no traces. */
  readonly telemetry?: Telemetry | null | undefined
  /** The limits of the token endpoint per address and per client. Default: no limits. */
  readonly limits?: Limits | undefined
  /** Whether the server is about to close. Default: it is not. */
  readonly draining?: Draining | undefined
  /** The state of what servers share. Default: nothing. */
  readonly redis?: RedisState | null | undefined
  /** Where tokens are recorded before they leave. Closes with the server. Default: nowhere. */
  readonly auditLog?: AuditLog | null | undefined
  /** Milliseconds for a whole request to arrive; one that takes longer is answered with 408. Default 10,000. */
  readonly requestTimeout?: number | undefined
  /** Milliseconds that requests in progress have to finish when the server closes. Default 6,000. */
  readonly closeTimeout?: number | undefined
}

/** A token request has a few hundred bytes, or a few thousand with an assertion. */
const maximumBodyBytes = 16 * 1024

/** Milliseconds. */
const defaultRequestTimeout = 10_000

/** Milliseconds. Of the time to close, the rest is for the last seal of the audit log, the last spans and the log. */
const defaultCloseTimeout = 6_000

/** Milliseconds from the close until connections without a request are ended: one may just be arriving. */
const firstByteTimeout = 100

/**
 * The token server on one ring of signing keys. The caller listens or injects requests.
 *
 * @throws SealwrightError `UNSUPPORTED_ALGORITHM` when the key cannot do the algorithm of the settings
 */
export function buildServer(options: ServerOptions): FastifyInstance {
  const logger = options.logger ?? createLogger('silent')
  const { requestTimeout = defaultRequestTimeout, closeTimeout = defaultCloseTimeout } = options
  const settings = options.settings instanceof LiveSettings ? options.settings.current : options.settings
  const proxies = settings.trustedProxies ?? []
  const headers = securityHeaders(settings.issuer)
  const app: FastifyInstance = Fastify({
    // Fastify itself is quiet: main.ts says in one line that it listens, and on what key.
    loggerInstance: logger.child({}, { level: quieter(logger.level) }),
    // A logger for each request costs more than anything else here, so it is off when nothing is logged.
    childLoggerFactory: (_logger, bindings, childOptions) =>
      logger.level === 'silent' ? logger : logger.child(bindings, childOptions),
    genReqId: requestId,
    // The hook below logs one line for each request, when it is answered.
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: maximumBodyBytes,
    trustProxy: proxies.length === 0 ? false : trustedProxies(proxies),
    requestTimeout,
    // Node waits for the longer of the two times, and looks at its connections every 30 seconds unless told otherwise.
    http: { headersTimeout: requestTimeout, connectionsCheckingInterval: Math.min(requestTimeout, 1000) },
    // For a URL that cannot be decoded. Fastify runs no hooks for it, and its own answer would quote it.
    frameworkErrors: (_error, request, reply: FastifyReply) => {
      reply.header('x-request-id', request.id).headers(headers)
      refuse(request, reply, { statusCode: 400, description: 'the path has a broken percent escape' })
    },
    clientErrorHandler: (error, socket) => refuseUnreadable(error, socket, logger, headers),
    // On close, requests in progress are finished and idle connections are closed at once.
    forceCloseConnections: 'idle',
    // A request that was sent before the client knew is answered as well.
    return503OnClosing: false,
  })
  // First, so that requests refused by other hooks are measured.
  options.telemetry?.watch(app)
  app.addHook('onRequest', (request, reply, done) => {
    reply.header('x-request-id', request.id).headers(headers)
    // Node keeps the address of a connection once it was read. A client may be gone when the answer is logged.
    void request.socket.remoteAddress
    const problem = messageProblem(request.raw)
    if (problem === null) done()
    else refuse(request, reply, problem)
  })
  app.addHook('onResponse', (request, reply, done) => {
    // Load balancers ask every second. By the URL, since `request.routeOptions` makes an object for each request.
    const isProbe = request.url.startsWith('/health/') && reply.statusCode < 400
    request.log[isProbe ? 'debug' : 'info'](
      { req: request, statusCode: reply.statusCode, milliseconds: Math.round(reply.elapsedTime) },
      'answered',
    )
    done()
  })
  const service = createService(app, options)
  closeConnectionsWithAnswers(app, service.draining)
  endConnectionsOnClose(app, closeTimeout)
  app.setNotFoundHandler((_request, reply) => reply.code(404).send({ error: 'not_found' }))
  app.setErrorHandler((error, request, reply) => {
    if (error instanceof BearerError) {
      request.log.info({ error: error.error, reason: error.message }, 'API request refused')
      return reply.code(error.statusCode).header('www-authenticate', error.challenge).send(error.toJSON())
    }
    const retryAfter = retryAfterOf(error)
    if (retryAfter !== null) {
      request.log.error({ err: error }, 'the signing key is unavailable')
      return reply.code(503).header('retry-after', retryAfter).send({ error: 'temporarily_unavailable' })
    }
    const statusCode = clientErrorStatus(error) ?? 500
    if (statusCode === 500) request.log.error({ err: error }, 'request failed')
    return reply.code(statusCode).send({ error: statusCode === 500 ? 'server_error' : 'invalid_request' })
  })

  const { issuer } = service.settings
  const issuerPath = issuer === null ? '' : new URL(issuer).pathname.replace(/\/$/, '')
  app.register(health(service))
  app.register(authorizationServerMetadata(service, issuerPath))
  // Behind a proxy the issuer may have a path. Everything that the metadata names is below it.
  app.register(
    async (below) => {
      below.register(metadata(service))
      below.register(tokenEndpoint(service))
      if (service.settings.hasPage) below.register(page(service))
      below.register(identityApi(service))
    },
    { prefix: issuerPath },
  )
  return app
}

/** Answers and logs a request that a proxy could read differently. */
function refuse(
  request: FastifyRequest,
  reply: FastifyReply,
  { statusCode, description }: MessageProblem,
): void {
  request.log.info({ req: request, reason: description }, 'request refused')
  // What follows on the connection may be part of this request or another one.
  reply.code(statusCode).header('connection', 'close').header('cache-control', 'no-store')
  reply.send({ error: 'invalid_request', error_description: description })
}

/**
 * The request id of a proxy, so that its log and ours can be compared. A new id if the request has none, or one with other
 * characters than ids have.
 */
function requestId({ headers }: IncomingMessage): string {
  const given = headers['x-request-id']
  return typeof given === 'string' && /^[\w.:+/=-]{1,128}$/.test(given) ? given : randomUUID()
}

function createService(
  app: FastifyInstance,
  {
    settings,
    ring,
    clock = () => new Date(),
    replays = new MemoryReplayStore({ lifetime: replayWindow, clock }),
    vaults = () => [],
    telemetry = null,
    limits = noLimits,
    draining = new Draining(),
    redis = null,
    auditLog = null,
  }: ServerOptions,
): Service {
  app.addHook('onClose', async () => {
    // Its last seal needs the key.
    await auditLog?.close()
    ring.close()
  })
  // Every token request needs the issuer, so the operating system is asked for the port once.
  const port = onceKnown(() => listeningPort(app))
  const live = settings instanceof LiveSettings ? settings : new LiveSettings(settings)
  // A reload does not change these.
  const { issuer, port: configuredPort } = live.current
  return {
    get settings() {
      return live.current
    },
    live,
    ring,
    algorithms: () => ring.status().algorithms,
    issuer: () => issuer ?? `http://localhost:${port() ?? configuredPort}`,
    clock,
    replays,
    limits,
    draining,
    redis,
    activity: new Activity(),
    audit: auditLog === null ? null : new TokenAudit(auditLog),
    vaults,
    telemetry,
  }
}

/** The port the server listens on; null before it listens. */
export function listeningPort(app: FastifyInstance): number | null {
  const address: AddressInfo | string | null = app.server.address()
  return typeof address === 'object' && address !== null ? address.port : null
}

/**
 * Once the server drains, every answer ends its connection. Otherwise a client with a kept-alive connection would go on using
 * it, and keep the process running.
 */
function closeConnectionsWithAnswers(app: FastifyInstance, draining: Draining): void {
  let closing = false
  app.addHook('preClose', async () => {
    closing = true
  })
  app.addHook('onSend', (_request, reply, payload, done) => {
    if (closing || draining.hasBegun) reply.header('connection', 'close')
    done(null, payload)
  })
}

/**
 * Ends the connections that are not idle for Node and have nothing to finish: those without any data at once, all others after some
 * seconds, even in the middle of a request. While the server closes, Node has no timeout for them.
 */
function endConnectionsOnClose(app: FastifyInstance, closeTimeout: number): void {
  const connections = new Set<Socket>()
  app.server.on('connection', (socket: Socket) => {
    connections.add(socket)
    socket.once('close', () => connections.delete(socket))
  })
  app.addHook('preClose', async () => {
    setTimeout(() => {
      for (const socket of connections) if (socket.bytesRead === 0) socket.destroy()
    }, firstByteTimeout).unref()
    setTimeout(() => {
      for (const socket of connections) socket.destroy()
    }, closeTimeout).unref()
  })
}

/** A function that asks until the answer is not null, and remembers it. */
function onceKnown<T>(ask: () => T): () => T {
  let answer: T | null = null
  return () => (answer ??= ask())
}
