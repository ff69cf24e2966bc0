import type { Attributes } from '@opentelemetry/api'
import { createHistogram, type Histogram, type HistogramSeries } from '@sealwright/opentelemetry'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { methodOf } from '../telemetry.ts'

export interface RequestMetrics {
  readonly durations: Histogram
  watch(app: FastifyInstance): void
}

/** The boundaries that OpenTelemetry's conventions have for HTTP, and finer ones below: a local key signs in less than 1 ms. */
const boundaries = [
  0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5,
  10,
]

/** How long requests take, as `http.server.request.duration` of OpenTelemetry's conventions. */
export function createRequestMetrics(): RequestMetrics {
  const durations = createHistogram({
    name: 'http.server.request.duration',
    description: 'Duration of HTTP server requests.',
    unit: 's',
    boundaries,
    scope: 'token-server',
  })

  /** Measures the requests of one route; null for those without. */
  function measuring(route: string | null): (request: FastifyRequest, reply: FastifyReply) => void {
    const known = new Map<string, Map<number, HistogramSeries>>()
    return (request, reply) => {
      const status = reply.statusCode
      let byStatus = known.get(request.method)
      let series = byStatus?.get(status)
      if (series === undefined) {
        const method = methodOf(request)
        byStatus ??= known.get(method) ?? new Map<number, HistogramSeries>()
        known.set(method, byStatus)
        series = byStatus.get(status) ?? durations.series(attributesOf(route, method, status))
        byStatus.set(status, series)
      }
      series.record(reply.elapsedTime / 1_000)
    }
  }

  return {
    durations,
    watch(app) {
      // Each route has a hook of its own, since `request.routeOptions` makes an object for each request.
      app.addHook('onRoute', (route) => {
        const measure = measuring(route.url)
        route.onResponse = [
          ...[route.onResponse ?? []].flat(),
          (request, reply, done) => {
            measure(request, reply)
            done()
          },
        ]
      })
      const measureOthers = measuring(null)
      app.addHook('onResponse', (request, reply, done) => {
        if (request.is404) measureOthers(request, reply)
        done()
      })
    },
  }
}

function attributesOf(route: string | null, method: string, status: number): Attributes {
  return {
    'http.request.method': method,
    'url.scheme': 'http',
    'http.response.status_code': status,
    ...(route !== null && { 'http.route': route }),
    ...(status >= 500 && { 'error.type': String(status) }),
  }
}
