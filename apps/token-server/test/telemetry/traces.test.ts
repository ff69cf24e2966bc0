import { once } from 'node:events'
import { createServer, get, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { ROOT_CONTEXT } from '@opentelemetry/api'
import { SamplingDecision, TraceIdRatioBasedSampler } from '@opentelemetry/sdk-trace-base'
import { afterEach, expect, onTestFinished, test, vi } from 'vitest'
import { remoteKey } from '../support/remote-key.ts'
import { tokenRequest } from '../support/requests.ts'
import { testServer, type TestServer, type TestServerOptions } from '../support/server.ts'
import { startVaults } from '../support/vaults.ts'

/** A span as it comes by OTLP. */
interface Span {
  readonly traceId: string
  readonly spanId: string
  readonly parentSpanId?: string
  readonly name: string
  readonly kind: number
  readonly attributes: readonly { readonly key: string; readonly value: Readonly<Record<string, unknown>> }[]
  readonly status?: { readonly code?: number }
}

interface TraceRequest {
  readonly resourceSpans: readonly {
    readonly resource: { readonly attributes: Span['attributes'] }
    readonly scopeSpans: readonly { readonly spans: readonly Span[] }[]
  }[]
}

/** Receives traces by OTLP over HTTP, as a Collector does. */
async function startCollector(): Promise<{ readonly url: string; readonly received: TraceRequest[] }> {
  const received: TraceRequest[] = []
  const server = createServer((request, response) => {
    const parts: Buffer[] = []
    request.on('data', (part: Buffer) => void parts.push(part))
    request.on('end', () => {
      if (request.url === '/v1/traces')
        received.push(JSON.parse(Buffer.concat(parts).toString()) as TraceRequest)
      response.writeHead(200, { 'content-type': 'application/json' }).end('{}')
    })
  })
  await new Promise<void>((resolve) => server.listen(0, 'localhost', resolve))
  onTestFinished(() => void server.close())
  return { url: `http://localhost:${(server.address() as AddressInfo).port}`, received }
}

afterEach(() => vi.unstubAllEnvs())

/** A server that sends its traces to a collector. */
async function tracedServer(
  options: TestServerOptions = {},
): Promise<
  TestServer & { readonly spans: () => Promise<readonly Span[]>; readonly received: TraceRequest[] }
> {
  const { url, received } = await startCollector()
  const endpoint = { OTEL_EXPORTER_OTLP_ENDPOINT: url }
  // The exporter reads the variables of the process.
  vi.stubEnv('OTEL_EXPORTER_OTLP_ENDPOINT', url)
  const server = await testServer({ ...options, env: { ...options.env, ...endpoint } })
  return {
    ...server,
    received,
    /** What is left is sent when the server closes. */
    async spans() {
      await server.app.close()
      return received.flatMap(({ resourceSpans }) =>
        resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap(({ spans }) => spans)),
      )
    },
  }
}

async function requestToken({ app }: TestServer, headers: Record<string, string> = {}): Promise<number> {
  const { statusCode } = await app.inject({ ...tokenRequest({ headers }), url: '/connect/token?x=secret' })
  return statusCode
}

const traceId = '0af7651916cd43dd8448eb211c80319c'
const callerId = 'b7ad6b7169203331'

test('the trace of a caller goes on to the request, the signature and the call of the vault', async () => {
  const vaults = await startVaults()
  const uri = `${vaults.urlOf('contoso')}/certificates/token-signing`
  const env = { SIGNING_KEY: uri, SIGNING_KEY_TYPE: 'ec-p256' }
  const server = await tracedServer({ env, vault: vaults.options })
  expect(await requestToken(server, { traceparent: `00-${traceId}-${callerId}-01` })).toBe(200)
  const other = traceId.replace('0af', '0be')
  expect(await requestToken(server, { traceparent: `00-${other}-${callerId}-00` })).toBe(200)
  const spans = await server.spans()
  const named = (name: string): Span | undefined => spans.find((span) => span.name === name)
  // The client has a further span between its own and the request.
  const [request, sign, client, call] = [
    'POST /connect/token',
    'sign',
    'CryptographyClient.sign',
    'HTTP POST',
  ].map(named)
  const between = spans.find(({ spanId }) => spanId === call?.parentSpanId)
  expect([request, sign, client, between].map((span) => span?.parentSpanId)).toEqual([
    callerId,
    request?.spanId,
    sign?.spanId,
    client?.spanId,
  ])
  // What the ring reads belongs to no request, and an untraced request leaves no span of the vault.
  expect(new Set(spans.map((span) => span.traceId))).toEqual(new Set([traceId]))
  expect(attributesOf(request)).toEqual({
    'http.request.method': 'POST',
    'url.scheme': 'http',
    'url.path': '/connect/token',
    'http.route': '/connect/token',
    'http.response.status_code': 200,
  })
  expect(attributesOf(sign)).toEqual({
    'sealwright.key.id': server.key.keyId,
    'sealwright.key.algorithm': 'ES256',
    'sealwright.key.backend': 'azure-keyvault',
  })
  const [resource] = server.received[0]?.resourceSpans ?? []
  expect(attributesOf(resource?.resource)['service.name']).toBe('token-server')
  expect(JSON.stringify(server.received)).not.toContain('secret')
})

test('a target that is a whole URL leaves only its path', async () => {
  const server = await tracedServer()
  await server.app.listen({ port: 0 })
  const { port } = server.app.server.address() as AddressInfo
  const answer = once(get({ port, path: 'http://user:secret@id.example/health?x=secret' }), 'response')
  ;((await answer) as [IncomingMessage])[0].resume()
  const [request] = await server.spans()
  expect(attributesOf(request)['url.path']).toBe('/health')
  expect(JSON.stringify(server.received)).not.toContain('secret')
})

test('a caller that does not sample is not traced, and neither are health checks', async () => {
  const server = await tracedServer()
  expect(await requestToken(server, { traceparent: `00-${traceId}-${callerId}-00` })).toBe(200)
  await server.app.inject('/health/live')
  expect(await server.spans()).toEqual([])
})

test('without a caller’s trace a request begins one, and a failure is its status', async () => {
  const server = await tracedServer({
    wrapKey: (key) => remoteKey(key, () => Promise.reject(new Error('no'))),
  })
  expect(await requestToken(server, { traceparent: 'nonsense' })).toBe(500)
  const [sign, request] = await server.spans()
  expect(sign).toMatchObject({ name: 'sign', parentSpanId: request?.spanId, status: { code: 2 } })
  expect(attributesOf(sign)['error.type']).toBe('Error')
  expect(request).toMatchObject({ name: 'POST /connect/token', status: { code: 2 } })
  expect(request?.parentSpanId ?? '').toBe('')
})

test('one request in two begins a trace, with an id for which every other service decides the same', async () => {
  vi.stubEnv('OTEL_TRACES_SAMPLER', 'parentbased_traceidratio')
  vi.stubEnv('OTEL_TRACES_SAMPLER_ARG', '0.5')
  const server = await tracedServer()
  await Promise.all(Array.from({ length: 40 }, () => requestToken(server)))
  const spans = await server.spans()
  const requests = spans.filter(({ name }) => name === 'POST /connect/token')
  expect(requests.length).toBeGreaterThan(0)
  expect(requests.length).toBeLessThan(40)
  const sampler = new TraceIdRatioBasedSampler(0.5)
  for (const { traceId: id, spanId } of requests) {
    expect(sampler.shouldSample(ROOT_CONTEXT, id).decision).toBe(SamplingDecision.RECORD_AND_SAMPLED)
    const below = spans.filter((span) => span.traceId === id && span.spanId !== spanId)
    expect(below).toMatchObject([{ name: 'sign', parentSpanId: spanId }])
  }
})

test('a client that goes away before the answer leaves a span that failed', async () => {
  let gone: Promise<unknown> = Promise.resolve()
  const server = await tracedServer({
    wrapKey: (key) => remoteKey(key, (data) => gone.then(() => key.signer().sign(data))),
  })
  await server.app.listen({ port: 0 })
  const { port } = server.app.server.address() as AddressInfo
  const arrived = once(server.app.server, 'request')
  gone = arrived.then(([, response]: unknown[]) => once(response as ServerResponse, 'close'))
  const leaving = new AbortController()
  const { headers, payload } = tokenRequest()
  const answer = fetch(`http://localhost:${port}/connect/token`, {
    method: 'POST',
    headers: headers as Record<string, string>,
    body: payload as string,
    signal: leaving.signal,
  })
  await arrived
  leaving.abort()
  await expect(answer).rejects.toThrow('aborted')
  await gone
  const request = (await server.spans()).find(({ name }) => name === 'POST /connect/token')
  expect(attributesOf(request)['error.type']).toBe('aborted')
  expect(request?.status).toMatchObject({ code: 2 })
})

test('an endpoint that cannot be reached is in the log, and tokens are issued', async () => {
  vi.stubEnv('OTEL_EXPORTER_OTLP_ENDPOINT', 'http://localhost:1')
  vi.stubEnv('OTEL_EXPORTER_OTLP_TIMEOUT', '200')
  const server = await testServer({ env: { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://localhost:1' } })
  expect(await requestToken(server)).toBe(200)
  await server.app.close()
  expect(server.telemetryLog.join('')).toContain('the last spans were not sent: connect ECONNREFUSED')
})

function attributesOf(of: Pick<Span, 'attributes'> | undefined): Record<string, unknown> {
  return Object.fromEntries((of?.attributes ?? []).map(({ key, value }) => [key, Object.values(value)[0]]))
}
