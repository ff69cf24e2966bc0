import type { Meter } from '@opentelemetry/api'
import { MeterProvider, MetricReader, type MetricData, type MetricProducer } from '@opentelemetry/sdk-metrics'
import { expect } from 'vitest'

/** A reader that collects when it is told to. */
class ManualReader extends MetricReader {
  protected override async onShutdown(): Promise<void> {}
  protected override async onForceFlush(): Promise<void> {}
}

/** A value with its attributes as `name=value` in a row. */
type Values = Readonly<Record<string, unknown>>

export interface TestReader {
  readonly meter: Meter
  /** All metrics by name. */
  readonly collect: () => Promise<ReadonlyMap<string, MetricData>>
  /** The values of one metric by their attributes; empty when it has none. */
  readonly values: (name: string) => Promise<Values>
}

/** OpenTelemetry's own SDK, with these producers. */
export function testReader(metricProducers: MetricProducer[] = []): TestReader {
  const reader = new ManualReader({ metricProducers })
  const meter = new MeterProvider({ readers: [reader] }).getMeter('test')
  async function collect(): Promise<ReadonlyMap<string, MetricData>> {
    const { resourceMetrics, errors } = await reader.collect()
    expect(errors).toEqual([])
    const metrics = resourceMetrics.scopeMetrics.flatMap((scope) => scope.metrics)
    return new Map(metrics.map((metric) => [metric.descriptor.name, metric]))
  }
  return {
    meter,
    collect,
    async values(name) {
      const points = (await collect()).get(name)?.dataPoints ?? []
      return Object.fromEntries(
        points.map(({ attributes, value }) => [
          Object.entries(attributes)
            .map(([attribute, each]) => `${attribute}=${String(each)}`)
            .join(' '),
          value,
        ]),
      )
    },
  }
}
