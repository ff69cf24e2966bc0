import { ROOT_CONTEXT } from '@opentelemetry/api'
import {
  BasicTracerProvider,
  SamplingDecision,
  TraceIdRatioBasedSampler,
  type Sampler,
} from '@opentelemetry/sdk-trace-base'
import { afterEach, expect, test, vi } from 'vitest'
import { samplingOfEnvironment } from '../../src/telemetry/tracing/sampler.ts'

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
  expect(String(samplingOfEnvironment().sampler)).toBe(String(theirs.sampler))
})

const tries = 4_000

test.each([
  ['always_on', undefined, 1],
  ['parentbased_always_on', undefined, 1],
  ['always_off', undefined, 0],
  ['traceidratio', '0', 0],
  ['traceidratio', '0.25', 0.25],
  ['parentbased_traceidratio', '0.5', 0.5],
  ['parentbased_traceidratio', '1', 1],
])(
  '%s with %s begins %d of all traces, with ids that other services decide alike on',
  (name, argument, share) => {
    vi.stubEnv('OTEL_TRACES_SAMPLER', name)
    vi.stubEnv('OTEL_TRACES_SAMPLER_ARG', argument)
    const { nextTraceId } = samplingOfEnvironment()
    const ids = Array.from({ length: tries }, nextTraceId).filter((id) => id !== null)
    // Six standard deviations.
    const tolerance = 6 * Math.sqrt(tries * share * (1 - share))
    expect(Math.abs(ids.length - tries * share)).toBeLessThanOrEqual(tolerance)
    expect(new Set(ids).size).toBe(ids.length)
    const theirs = new TraceIdRatioBasedSampler(share)
    for (const id of ids) {
      expect(id).toMatch(/^[\da-f]{32}$/)
      expect(theirs.shouldSample(ROOT_CONTEXT, id).decision).toBe(SamplingDecision.RECORD_AND_SAMPLED)
    }
  },
)
