import {
  useInstrumenter,
  type InstrumenterSpanOptions,
  type TracingContext,
  type TracingSpan,
} from '@azure/core-tracing'
import {
  context,
  defaultTextMapSetter,
  SpanKind,
  SpanStatusCode,
  trace,
  type Attributes,
  type AttributeValue,
  type Context,
  type Span,
  type TracerProvider,
} from '@opentelemetry/api'
import { W3CTraceContextPropagator } from '@opentelemetry/core'

/**
 * Creates spans for the Azure SDK's clients: one for each operation, and one for each request below it.
 *
 * @azure/opentelemetry-instrumentation-azure-sdk does the same with module loader hooks, and an ESM program must be
 * started with them. The SDK itself needs only this object.
 */
export function traceAzureClients(provider: TracerProvider): void {
  const propagator = new W3CTraceContextPropagator()
  useInstrumenter({
    startSpan(name, options) {
      const parent =
        options.tracingContext === undefined ? context.active() : toContext(options.tracingContext)
      const span = provider
        .getTracer(options.packageName, options.packageVersion)
        .startSpan(name, { kind: kindOf(options), attributes: attributesIn(options) }, parent)
      return { span: toTracingSpan(span), tracingContext: trace.setSpan(parent, span) }
    },
    withContext: (given, callback, ...args) => context.with(toContext(given), callback, undefined, ...args),
    parseTraceparentHeader: () => undefined,
    createRequestHeaders(given) {
      const carrier: Record<string, string> = {}
      propagator.inject(
        given === undefined ? context.active() : toContext(given),
        carrier,
        defaultTextMapSetter,
      )
      return carrier
    },
  })
}

/** The SDK's contexts are those that it was given here. */
function toContext(given: TracingContext): Context {
  return given
}

function kindOf({ spanKind }: InstrumenterSpanOptions): SpanKind {
  switch (spanKind) {
    case 'client':
      return SpanKind.CLIENT
    case 'server':
      return SpanKind.SERVER
    case 'producer':
      return SpanKind.PRODUCER
    case 'consumer':
      return SpanKind.CONSUMER
    default:
      return SpanKind.INTERNAL
  }
}

function attributesIn({ spanAttributes = {} }: InstrumenterSpanOptions): Attributes {
  return Object.fromEntries(
    Object.entries(spanAttributes).filter((entry): entry is [string, AttributeValue] =>
      isAttributeValue(entry[1]),
    ),
  )
}

function isAttributeValue(value: unknown): value is AttributeValue {
  return ['string', 'number', 'boolean'].includes(typeof value)
}

function toTracingSpan(span: Span): TracingSpan {
  return {
    setStatus(status) {
      if (status.status === 'error') {
        span.setStatus({ code: SpanStatusCode.ERROR, message: String(status.error) })
      }
    },
    setAttribute(name, value) {
      if (isAttributeValue(value)) span.setAttribute(name, value)
    },
    end: () => span.end(),
    recordException: () => undefined,
    isRecording: () => span.isRecording(),
    addEvent: () => undefined,
  }
}
