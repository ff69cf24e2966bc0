import { diag } from '@opentelemetry/api'
import { getNumberFromEnv, getStringFromEnv } from '@opentelemetry/core'
import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  ParentBasedSampler,
  TraceIdRatioBasedSampler,
  type Sampler,
} from '@opentelemetry/sdk-trace-base'

const parentBased = 'parentbased_'

/**
 * The sampler of `OTEL_TRACES_SAMPLER` and `OTEL_TRACES_SAMPLER_ARG`. The SDK makes the same one but does not expose it, and here it is
 * asked before a span is made.
 */
export function samplerOfEnvironment(): Sampler {
  const name = getStringFromEnv('OTEL_TRACES_SAMPLER') ?? 'parentbased_always_on'
  const isParentBased = name.startsWith(parentBased)
  const root = rootSampler(isParentBased ? name.slice(parentBased.length) : name)
  if (root === null) {
    diag.error(`OTEL_TRACES_SAMPLER is not a known sampler: ${name}; parentbased_always_on is used`)
    return new ParentBasedSampler({ root: new AlwaysOnSampler() })
  }
  return isParentBased ? new ParentBasedSampler({ root }) : root
}

function rootSampler(name: string): Sampler | null {
  switch (name) {
    case 'always_on':
      return new AlwaysOnSampler()
    case 'always_off':
      return new AlwaysOffSampler()
    case 'traceidratio':
      return new TraceIdRatioBasedSampler(ratio())
    default:
      return null
  }
}

function ratio(): number {
  const given = getNumberFromEnv('OTEL_TRACES_SAMPLER_ARG')
  if (given !== undefined && given >= 0 && given <= 1) return given
  diag.error('OTEL_TRACES_SAMPLER_ARG must be a number from 0 to 1; 1 is used')
  return 1
}
