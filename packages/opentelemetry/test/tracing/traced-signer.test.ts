import { generateKeyPairSync } from 'node:crypto'
import { context, SpanStatusCode, trace } from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base'
import { createLocalSigner, isSyncSigner, SealwrightError, type Signer } from '@sealwright/core'
import { openFolderStore } from '@sealwright/local-store'
import { scratchFolder } from '@sealwright/test-kit/folders'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { recordFailure, tracedKey, tracedSigner } from '../../src/index.ts'

const exporter = new InMemorySpanExporter()
const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] })
const tracer = provider.getTracer('test')
const data = new TextEncoder().encode('data')
const local = createLocalSigner(generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey)

beforeAll(() => void context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable()))
beforeEach(() => exporter.reset())
afterAll(() => context.disable())

test('a signature is a span below the active one, and active while the signer runs', async () => {
  const { algorithm, keyId, publicKey } = local
  const remote: Signer = {
    algorithm,
    keyId,
    publicKey,
    async sign() {
      // As an SDK makes a span for its request.
      await Promise.resolve()
      tracer.startSpan('request').end()
      return local.signSync(data)
    },
  }
  const signer = tracedSigner(remote, { tracer, backend: 'azure-keyvault' })
  expect(isSyncSigner(signer)).toBe(false)
  await tracer.startActiveSpan('token', async (span) => {
    await signer.sign(data)
    span.end()
  })
  const [request, sign, token] = exporter.getFinishedSpans()
  expect([request?.name, sign?.name, token?.name]).toEqual(['request', 'sign', 'token'])
  expect(request?.parentSpanContext?.spanId).toBe(sign?.spanContext().spanId)
  expect(sign?.parentSpanContext?.spanId).toBe(token?.spanContext().spanId)
  expect(sign?.attributes).toEqual({
    'sealwright.key.id': keyId,
    'sealwright.key.algorithm': 'ES256',
    'sealwright.key.backend': 'azure-keyvault',
  })
  expect(sign?.status).toEqual({ code: SpanStatusCode.UNSET })
})

test('a signer that can sign synchronously still can', () => {
  const signer = tracedSigner(local, { tracer })
  expect(signer.signSync(data)).toBeInstanceOf(Uint8Array)
  const [span] = exporter.getFinishedSpans()
  expect(span).toMatchObject({ name: 'sign', attributes: { 'sealwright.key.backend': 'local' } })
  expect(trace.getActiveSpan()).toBeUndefined()
})

test('a failure is the status of its span, with its code', async () => {
  const down = new SealwrightError('UNAVAILABLE', 'the vault is down')
  const failing = {
    algorithm: local.algorithm,
    keyId: local.keyId,
    publicKey: local.publicKey,
    sign: () => Promise.reject(down),
    signSync(): Uint8Array {
      throw down
    },
  }
  const signer = tracedSigner(failing, { tracer })
  await expect(signer.sign(data)).rejects.toBe(down)
  expect(() => signer.signSync(data)).toThrow(down)
  const spans = exporter.getFinishedSpans()
  expect(spans).toHaveLength(2)
  for (const { status, attributes } of spans) {
    expect(status).toEqual({ code: SpanStatusCode.ERROR, message: 'the vault is down' })
    expect(attributes['error.type']).toBe('UNAVAILABLE')
  }
})

test('what is thrown need not be an error', () => {
  const span = tracer.startSpan('issue')
  recordFailure(span, 'no')
  span.end()
  expect(exporter.getFinishedSpans()).toMatchObject([
    { status: { message: 'no' }, attributes: { 'error.type': '_OTHER' } },
  ])
})

test('all signers of a key are traced', async () => {
  const store = await openFolderStore(scratchFolder())
  const key = tracedKey(await store.create('signing', { keyType: 'ec-p256' }), { tracer })
  expect(key.signer()).toBe(key.signer('ES256'))
  await key.signer().sign(data)
  expect(exporter.getFinishedSpans()).toHaveLength(1)
})

test.each([
  ['no signer', () => tracedSigner({} as never, { tracer }), 'signer must be a Signer'],
  ['no key', () => tracedKey(local as never, { tracer }), 'key must be a SigningKey'],
  ['no tracer', () => tracedSigner(local, {} as never), 'options.tracer must be a Tracer'],
  [
    'no tracer for a key',
    () => tracedKey({ ...local, signer: () => local, certificates: [] } as never, {} as never),
    'options.tracer must be a Tracer',
  ],
  ['an empty backend', () => tracedSigner(local, { tracer, backend: '' }), 'options.backend'],
  ['no span', () => recordFailure({} as never, new Error('no')), 'span must be a Span'],
])('refuses %s', (_, call, message) => {
  expect(call).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }))
  expect(call).toThrow(message)
})
