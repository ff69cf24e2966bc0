import { diag } from '@opentelemetry/api'
import { getNumberFromEnv, getStringFromEnv } from '@opentelemetry/core'
import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  ParentBasedSampler,
  RandomIdGenerator,
  TraceIdRatioBasedSampler,
  type Sampler,
} from '@opentelemetry/sdk-trace-base'

/** Which traces are recorded. */
export interface Sampling {
  /** For the SDK, which asks it for each span. */
  readonly sampler: Sampler
  /** The id of a trace that begins here; null if the sampler would not record it. */
  readonly nextTraceId: () => string | null
}

const parentBased = 'parentbased_'

/**
 * The sampling of `OTEL_TRACES_SAMPLER` and `OTEL_TRACES_SAMPLER_ARG`. The SDK makes the same sampler but does not expose it, and here
 * the decision about a new trace is made before there is a span.
 */
export function samplingOfEnvironment(): Sampling {
  const name = getStringFromEnv('OTEL_TRACES_SAMPLER') ?? 'parentbased_always_on'
  const isParentBased = name.startsWith(parentBased)
  const root = rootSampling(isParentBased ? name.slice(parentBased.length) : name)
  if (root !== null) return isParentBased ? withParents(root) : root
  diag.error(`OTEL_TRACES_SAMPLER is not a known sampler: ${name}; parentbased_always_on is used`)
  return withParents(always)
}

function withParents({ sampler, nextTraceId }: Sampling): Sampling {
  return { sampler: new ParentBasedSampler({ root: sampler }), nextTraceId }
}

const { generateTraceId } = new RandomIdGenerator()

const always: Sampling = { sampler: new AlwaysOnSampler(), nextTraceId: generateTraceId }

function rootSampling(name: string): Sampling | null {
  switch (name) {
    case 'always_on':
      return always
    case 'always_off':
      return { sampler: new AlwaysOffSampler(), nextTraceId: () => null }
    case 'traceidratio':
      return ratioSampling(ratio())
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

/**
 * The sampler records a trace if the exclusive or of the four words of its id is below a bound. To make an id and ask the sampler takes
 * about 1 µs. So the exclusive or is drawn first, and an id that has it is made only for a trace that is recorded.
 */
function ratioSampling(share: number): Sampling {
  const bound = share === 1 ? 2 ** 32 : Math.floor(share * 0xffff_ffff)
  return {
    sampler: new TraceIdRatioBasedSampler(share),
    nextTraceId() {
      const drawn = Math.floor(Math.random() * 2 ** 32)
      if (drawn >= bound) return null
      const words = generateTraceId().slice(0, 24)
      const last = [0, 8, 16].reduce((all, at) => all ^ Number.parseInt(words.slice(at, at + 8), 16), drawn)
      return words + (last >>> 0).toString(16).padStart(8, '0')
    },
  }
}
