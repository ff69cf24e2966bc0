import { ValueType, type Attributes, type HrTime } from '@opentelemetry/api'
import {
  aFunction,
  anArray,
  aNonEmptyString,
  aString,
  invalidArgument,
  optionsOf,
} from '@sealwright/core/internal'
import type { EmptyResource, HistogramCollection, HistogramPoint, HistogramProducer } from './metric-data.ts'

/** Options of {@link createHistogram}. */
export interface HistogramOptions {
  /** The name of the metric, such as `http.server.request.duration`. */
  readonly name: string
  /** What it measures. */
  readonly description: string
  /** The unit in UCUM, such as `s`. */
  readonly unit: string
  /** The upper bounds of the buckets, in ascending order, in the unit. */
  readonly boundaries: readonly number[]
  /** The name of the instrumentation scope. Default `@sealwright/opentelemetry`. */
  readonly scope?: string | undefined
  /** The time now. Default: this machine's clock. */
  readonly clock?: (() => Date) | undefined
}

/** A histogram that a metric reader collects: pass it to the reader as `metricProducers: [histogram]`. */
export interface Histogram extends HistogramProducer {
  /**
   * The series with these attributes. Keep it: looking for it again costs more than a record.
   *
   * @param attributes few values for each, because a series is kept until {@link Histogram.remove}
   */
  series(attributes: Attributes): HistogramSeries
  /** Ends a series: it is no longer collected. */
  remove(series: HistogramSeries): void
}

/** The values with one set of attributes. */
export interface HistogramSeries {
  /** The attributes. */
  readonly attributes: Attributes
  /** How many values were recorded. */
  readonly count: number
  /** Counts a value. It costs about 15 ns. */
  record(value: number): void
}

const histogramOptions = optionsOf(
  {
    name: aNonEmptyString,
    description: aString,
    unit: aString,
    boundaries: anArray,
    scope: aNonEmptyString,
    clock: aFunction,
  },
  ['name', 'description', 'unit', 'boundaries'],
)

/**
 * Creates a histogram of plain counters. OpenTelemetry's own `Histogram.record` looks up the attributes of each value, which costs
 * more than the rest of a short operation. There is no observable histogram, so these counters go to the reader as finished data.
 *
 * @throws SealwrightError `INVALID_ARGUMENT` for malformed options, such as boundaries that do not ascend
 *
 * @example
 * ```ts
 * import { createHistogram } from '@sealwright/opentelemetry'
 *
 * const durations = createHistogram({
 *   name: 'shop.order.duration',
 *   description: 'Duration of an order.',
 *   unit: 's',
 *   boundaries: [0.001, 0.01, 0.1, 1],
 * })
 * const card = durations.series({ 'shop.payment': 'card' })
 * card.record(0.023)
 * // new PrometheusExporter({ metricProducers: [durations] })
 * ```
 */
export function createHistogram(options: HistogramOptions): Histogram {
  histogramOptions('options', options)
  checkBoundaries(options.boundaries)
  return new BucketHistogram(options)
}

function checkBoundaries(boundaries: readonly unknown[]): void {
  const areAscending = boundaries.every((bound, index) => {
    const before = boundaries[index - 1] ?? -Infinity
    return Number.isFinite(bound) && Number(bound) > Number(before)
  })
  if (!areAscending) throw invalidArgument('options.boundaries must be finite numbers in ascending order')
}

class BucketHistogram implements Histogram {
  readonly #options: HistogramOptions
  readonly #clock: () => Date
  readonly #series = new Map<Series, Date>()

  constructor(options: HistogramOptions) {
    this.#options = options
    this.#clock = options.clock ?? (() => new Date())
  }

  series(attributes: Attributes): HistogramSeries {
    const series = new Series(attributes, this.#options.boundaries)
    this.#series.set(series, this.#clock())
    return series
  }

  remove(series: HistogramSeries): void {
    if (series instanceof Series) this.#series.delete(series)
  }

  async collect(): Promise<HistogramCollection> {
    const { name, description, unit, scope = '@sealwright/opentelemetry' } = this.#options
    const now = this.#clock()
    // A metric without points would be a name without values.
    const dataPoints = [...this.#series]
      .filter(([series]) => series.count > 0)
      .map(([series, since]) => series.point(since, now))
    const metric = {
      descriptor: { name, description, unit, valueType: ValueType.DOUBLE as const },
      aggregationTemporality: 1 as const,
      dataPointType: 0 as const,
      dataPoints,
    }
    const scopeMetrics = dataPoints.length === 0 ? [] : [{ scope: { name: scope }, metrics: [metric] }]
    return { resourceMetrics: { resource: emptyResource, scopeMetrics }, errors: [] }
  }
}

const emptyResource: EmptyResource = {
  attributes: {},
  merge: (other) => other ?? emptyResource,
  getRawAttributes: () => [],
}

class Series implements HistogramSeries {
  readonly attributes: Attributes
  readonly #boundaries: readonly number[]
  /** Not typed: an array of small integers is as fast, and has no limit at 2³². */
  readonly #counts: number[]
  #count = 0
  #sum = 0

  constructor(attributes: Attributes, boundaries: readonly number[]) {
    this.attributes = attributes
    this.#boundaries = boundaries
    this.#counts = Array.from({ length: boundaries.length + 1 }, () => 0)
  }

  get count(): number {
    return this.#count
  }

  record(value: number): void {
    const boundaries = this.#boundaries
    let bucket = 0
    while (bucket < boundaries.length && value > (boundaries[bucket] ?? Infinity)) bucket++
    this.#counts[bucket] = (this.#counts[bucket] ?? 0) + 1
    this.#count++
    this.#sum += value
  }

  point(since: Date, now: Date): HistogramPoint {
    return {
      startTime: hrTimeOf(since),
      startTimeUnixNano: nanosecondsOf(since),
      endTime: hrTimeOf(now),
      endTimeUnixNano: nanosecondsOf(now),
      attributes: this.attributes,
      value: {
        buckets: { boundaries: [...this.#boundaries], counts: [...this.#counts] },
        count: this.#count,
        sum: this.#sum,
      },
    }
  }
}

function hrTimeOf(date: Date): HrTime {
  const milliseconds = date.getTime()
  return [Math.floor(milliseconds / 1_000), (milliseconds % 1_000) * 1_000_000]
}

function nanosecondsOf(date: Date): bigint {
  return BigInt(date.getTime()) * 1_000_000n
}
