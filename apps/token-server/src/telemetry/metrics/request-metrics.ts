import { createHistogram, type Histogram, type HistogramSeries } from '@sealwright/opentelemetry'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { methodOf, routeOf } from '../telemetry.ts'

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
  /** By method, status and route, of which there are few. */
  const known = new Map<string, HistogramSeries>()

  function seriesOf(request: FastifyRequest, reply: FastifyReply): HistogramSeries {
    const method = methodOf(request)
    const route = routeOf(request)
    const status = reply.statusCode
    const id = `${method} ${status} ${route ?? ''}`
    let series = known.get(id)
    if (series === undefined) {
      series = durations.series({
        'http.request.method': method,
        'url.scheme': 'http',
        'http.response.status_code': status,
        ...(route !== null && { 'http.route': route }),
        ...(status >= 500 && { 'error.type': String(status) }),
      })
      known.set(id, series)
    }
    return series
  }

  return {
    durations,
    watch(app) {
      app.addHook('onResponse', (request, reply, done) => {
        seriesOf(request, reply).record(reply.elapsedTime / 1_000)
        done()
      })
    },
  }
}
