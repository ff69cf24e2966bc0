import type { Attributes, HrTime, ValueType } from '@opentelemetry/api'

/**
 * A source of finished metric data. It has the shape of `MetricProducer` of @opentelemetry/sdk-metrics, and is passed to a metric reader
 * as `metricProducers: [producer]`.
 */
export interface HistogramProducer {
  /** Called by the reader for each scrape or export. */
  collect(): Promise<HistogramCollection>
}

/** As `CollectionResult` of @opentelemetry/sdk-metrics. */
export interface HistogramCollection {
  /** The metrics. The reader puts its own resource in the place of this one. */
  readonly resourceMetrics: { resource: EmptyResource; scopeMetrics: HistogramScope[] }
  /** Always empty. */
  readonly errors: unknown[]
}

/** As `ScopeMetrics` of @opentelemetry/sdk-metrics. */
interface HistogramScope {
  /** Who made the metrics. */
  readonly scope: { readonly name: string }
  /** One histogram. */
  readonly metrics: HistogramData[]
}

/** As `HistogramMetricData` of @opentelemetry/sdk-metrics: a cumulative histogram with explicit boundaries. */
interface HistogramData {
  /** The name and the unit, as those of an instrument. */
  readonly descriptor: {
    readonly name: string
    readonly description: string
    readonly unit: string
    readonly valueType: ValueType.DOUBLE
  }
  /** `AggregationTemporality.CUMULATIVE`. */
  readonly aggregationTemporality: 1
  /** `DataPointType.HISTOGRAM`. */
  readonly dataPointType: 0
  /** One for each set of attributes. */
  readonly dataPoints: HistogramPoint[]
}

/** As `DataPoint<Histogram>` of @opentelemetry/sdk-metrics. */
export interface HistogramPoint {
  /** When the counting began. */
  readonly startTime: HrTime
  /** The same in nanoseconds since 1970. */
  readonly startTimeUnixNano: bigint
  /** When the metrics were collected. */
  readonly endTime: HrTime
  /** The same in nanoseconds since 1970. */
  readonly endTimeUnixNano: bigint
  /** What was measured. */
  readonly attributes: Attributes
  /** The counts of the values up to each boundary and above the one before it, and of those above the last. */
  readonly value: {
    readonly buckets: { readonly boundaries: number[]; readonly counts: number[] }
    readonly count: number
    readonly sum: number
  }
}

/** As `Resource` of @opentelemetry/resources, without attributes. */
export interface EmptyResource {
  /** None. */
  readonly attributes: Attributes
  /** Returns the other one, if there is one. */
  merge<T>(other: T | null): T | EmptyResource
  /** None. */
  getRawAttributes(): []
}
