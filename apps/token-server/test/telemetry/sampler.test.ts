import { BasicTracerProvider, type Sampler } from '@opentelemetry/sdk-trace-base'
import { afterEach, expect, test, vi } from 'vitest'
import { samplerOfEnvironment } from '../../src/telemetry/tracing/sampler.ts'

afterEach(() => vi.unstubAllEnvs())

test.each([
  [undefined, undefined],
  ['always_on', undefined],
  ['always_off', undefined],
  ['traceidratio', '0.25'],
  ['traceidratio', undefined],
  ['traceidratio', '2'],
  ['traceidratio', 'many'],
  ['parentbased_always_on', undefined],
  ['parentbased_always_off', undefined],
  ['parentbased_traceidratio', '0.01'],
  ['parentbased_traceidratio', '0'],
  ['parentbased_jaeger_remote', undefined],
  ['always_parentbased_on', undefined],
  ['nonsense', '0.5'],
])('the sampler %s with %s is the one that the SDK makes', (name, argument) => {
  vi.stubEnv('OTEL_TRACES_SAMPLER', name)
  vi.stubEnv('OTEL_TRACES_SAMPLER_ARG', argument)
  const { _tracerOptions: theirs } = new BasicTracerProvider() as unknown as {
    readonly _tracerOptions: { readonly sampler: Sampler }
  }
  expect(String(samplerOfEnvironment())).toBe(String(theirs.sampler))
})
