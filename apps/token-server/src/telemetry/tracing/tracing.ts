import { setTimeout as sleep } from 'node:timers/promises'
import {
  context,
  diag,
  DiagLogLevel,
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  trace,
  type Context,
  type Span,
} from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import { suppressTracing, W3CTraceContextPropagator } from '@opentelemetry/core'
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http'
import { detectResources, envDetector, resourceFromAttributes } from '@opentelemetry/resources'
import { BasicTracerProvider, BatchSpanProcessor, RandomIdGenerator } from '@opentelemetry/sdk-trace-base'
import { recordFailure } from '@sealwright/opentelemetry'
import type { FastifyBaseLogger, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { pathOf } from '../../logging/logger.ts'
import { backendOf, methodOf, type SignedBy } from '../telemetry.ts'
import { samplingOfEnvironment } from './sampler.ts'

/** The span of a request that is traced, and the context for those below it. */
interface RequestTrace {
  readonly span: Span
  readonly context: Context
}

declare module 'fastify' {
  interface FastifyRequest {
    /** null for a request that is not traced. */
    trace: RequestTrace | null
  }
}

/** Traces of the requests. */
export interface Tracing {
  watch(app: FastifyInstance): void
  /** Begins a span below that of the request; null if the request has none. */
  begin(issuer: SignedBy, request: FastifyRequest): SignatureSpan | null
  /** Sends the spans that are left. */
  close(): Promise<void>
}

/** Milliseconds for the last spans. A collector that does not answer must not delay the end of the server. */
const closeTimeout = 2_000

/** The span of one signature. */
export interface SignatureSpan {
  /** Issues the token. Requests to a vault become part of the span. */
  run(issue: () => Promise<string>): Promise<string>
  /** @param error null for a success */
  end(error: unknown): void
}

export interface TracingOptions {
  /** Whether keys are in a vault, whose requests become spans. */
  readonly hasVault: boolean
  readonly logger: Pick<FastifyBaseLogger, 'warn'>
}

/**
 * Traces as the standard variables of OpenTelemetry say: `OTEL_EXPORTER_OTLP_*`, `OTEL_TRACES_SAMPLER`, `OTEL_SERVICE_NAME`,
 * `OTEL_RESOURCE_ATTRIBUTES`, `OTEL_BSP_*`.
 *
 * The span of a request is handed on in arguments. Only requests to a vault need OpenTelemetry's context, which follows
 * promises: on Node 20 and 22 that makes every promise of the process slower.
 */
export async function createTracing({ hasVault, logger }: TracingOptions): Promise<Tracing> {
  // Such as an endpoint that cannot be reached. It must not be on standard error, where it would go unseen.
  const warn = (message: string): void => logger.warn({ reason: message }, 'traces')
  diag.setLogger({ error: warn, warn, info: ignore, debug: ignore, verbose: ignore }, DiagLogLevel.WARN)
  const { sampler, nextTraceId } = samplingOfEnvironment()
  const random = new RandomIdGenerator()
  /** The trace that begins now. */
  let traceId: string | null = null
  const provider = new BasicTracerProvider({
    sampler,
    idGenerator: {
      generateSpanId: () => random.generateSpanId(),
      generateTraceId: () => traceId ?? random.generateTraceId(),
    },
    resource: resourceFromAttributes({ 'service.name': 'token-server' }).merge(
      detectResources({ detectors: [envDetector] }),
    ),
    spanProcessors: [new BatchSpanProcessor(new OTLPTraceExporter())],
  })
  const tracer = provider.getTracer('token-server')
  const propagator = new W3CTraceContextPropagator()
  if (hasVault) {
    context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
    const { traceAzureClients } = await import('./azure-clients.ts')
    traceAzureClients(provider)
  }

  /** Runs for each request. Nothing is made for one that begins a trace which is not sampled. */
  function start(request: FastifyRequest, reply: FastifyReply): void {
    if (request.headers['traceparent'] !== undefined) {
      begin(request, reply, propagator.extract(ROOT_CONTEXT, request.headers, headers))
      return
    }
    traceId = nextTraceId()
    if (traceId === null) return
    try {
      begin(request, reply, ROOT_CONTEXT)
    } finally {
      traceId = null
    }
  }

  function begin(request: FastifyRequest, reply: FastifyReply, parent: Context): void {
    if (request.url.startsWith('/health/')) return
    const method = methodOf(request)
    const span = tracer.startSpan(method, { kind: SpanKind.SERVER }, parent)
    // Others are not sent, and neither is what happens in them.
    if (!span.isRecording()) return
    const route = request.is404 ? undefined : request.routeOptions.url
    if (route !== undefined) span.updateName(`${method} ${route}`)
    span.setAttributes({
      'http.request.method': method,
      'url.scheme': 'http',
      'url.path': pathOf(request.url).slice(0, 256),
      ...(route !== undefined && { 'http.route': route }),
    })
    request.trace = { span, context: trace.setSpan(parent, span) }
    // After the answer, or when the client is gone. A hook would run for every request.
    reply.raw.once('close', () => end(span, reply.raw.writableEnded ? reply.statusCode : null))
  }

  return {
    watch(app) {
      // A WeakMap of requests would cost the garbage collector some microseconds for each token.
      app.decorateRequest('trace', null)
      app.addHook('onRequest', (request, reply, done) => {
        start(request, reply)
        done()
      })
    },
    begin(issuer, request) {
      const parent = request.trace
      if (parent === null) return issuer.canIssueSync ? null : untraced
      const attributes = {
        'sealwright.key.id': issuer.keyId,
        'sealwright.key.algorithm': issuer.algorithm.name,
        'sealwright.key.backend': backendOf(issuer),
      }
      const span = tracer.startSpan('sign', { attributes }, parent.context)
      return {
        run: (issue) =>
          issuer.canIssueSync ? issue() : context.with(trace.setSpan(parent.context, span), issue),
        end(error) {
          if (error !== null) recordFailure(span, error)
          span.end()
        },
      }
    },
    async close() {
      try {
        await Promise.race([provider.shutdown(), sleep(closeTimeout, undefined, { ref: false })])
      } catch (error) {
        warn(`the last spans were not sent: ${error instanceof Error ? error.message : String(error)}`)
      }
    },
  }
}

/** @param status null if the client did not get the answer */
function end(span: Span, status: number | null): void {
  if (status !== null) span.setAttribute('http.response.status_code', status)
  if (status === null || status >= 500) {
    span.setAttribute('error.type', status === null ? 'aborted' : String(status))
    span.setStatus({ code: SpanStatusCode.ERROR })
  }
  span.end()
}

/** Without this the client of a vault would begin a trace of its own, for which the sampler is asked again. */
const untraced: SignatureSpan = {
  run: (issue) => context.with(suppressTracing(ROOT_CONTEXT), issue),
  end: ignore,
}

function ignore(): void {}

const headers = {
  keys: (carrier: FastifyRequest['headers']): string[] => Object.keys(carrier),
  get: (carrier: FastifyRequest['headers'], key: string): string | string[] | undefined => carrier[key],
}
