import { PrometheusSerializer } from '@opentelemetry/exporter-prometheus'
import { AggregationType, MeterProvider, MetricReader } from '@opentelemetry/sdk-metrics'
import { describe, expect, test } from 'vitest'
import { createHistogram } from '../../src/index.ts'

class ManualReader extends MetricReader {
  protected override async onShutdown(): Promise<void> {}
  protected override async onForceFlush(): Promise<void> {}
}

const options = { name: 'shop.order.duration', description: 'Duration of an order.', unit: 's' }

describe('a histogram', () => {
  test('has the buckets that the SDK’s own has for the same values, and the same text for Prometheus', async () => {
    const boundaries = [0.001, 0.01, 0.1, 1]
    const own = createHistogram({ ...options, boundaries, scope: 'test' })
    const texts = await Promise.all(
      [new ManualReader({ metricProducers: [own] }), new ManualReader()].map(async (reader, index) => {
        const provider = new MeterProvider({
          readers: [reader],
          views: [
            {
              instrumentName: '*',
              aggregation: { type: AggregationType.EXPLICIT_BUCKET_HISTOGRAM, options: { boundaries } },
            },
          ],
        })
        const theirs = index === 0 ? null : provider.getMeter('test').createHistogram(options.name, options)
        for (const payment of ['card', 'cash']) {
          const series = index === 0 ? own.series({ payment }) : null
          // On the bounds, between them, below the first and above the last.
          for (const value of [...boundaries, 0, 0.000_5, 0.05, 0.5, 2, 100]) {
            series?.record(value)
            theirs?.record(value, { payment })
          }
        }
        const { resourceMetrics } = await reader.collect()
        return new PrometheusSerializer().serialize(resourceMetrics)
      }),
    )
    expect(texts[0]).toContain('shop_order_duration_bucket{payment="card"')
    expect(texts[0]).toBe(texts[1])
  })

  test('says when its counting began and when it was collected', async () => {
    let now = new Date('2030-01-31T12:00:00.250Z')
    const histogram = createHistogram({ ...options, boundaries: [1], clock: () => now })
    histogram.series({}).record(1)
    now = new Date('2030-01-31T13:00:00Z')
    const { resourceMetrics } = await histogram.collect()
    const [point] = resourceMetrics.scopeMetrics[0]?.metrics[0]?.dataPoints ?? []
    const seconds = Date.UTC(2030, 0, 31, 12) / 1_000
    expect(point).toMatchObject({
      startTime: [seconds, 250_000_000],
      startTimeUnixNano: BigInt(seconds) * 1_000_000_000n + 250_000_000n,
      endTime: [seconds + 3_600, 0],
      endTimeUnixNano: BigInt(seconds + 3_600) * 1_000_000_000n,
    })
  })

  test('is not collected before its first value, nor is a series that was removed', async () => {
    const histogram = createHistogram({ ...options, boundaries: [1] })
    const series = histogram.series({})
    expect((await histogram.collect()).resourceMetrics.scopeMetrics).toEqual([])
    series.record(1)
    expect((await histogram.collect()).resourceMetrics.scopeMetrics).toMatchObject([
      { scope: { name: '@sealwright/opentelemetry' } },
    ])
    histogram.remove(series)
    expect((await histogram.collect()).resourceMetrics.scopeMetrics).toEqual([])
  })

  test('has a resource without attributes, in whose place comes another', async () => {
    const { resource } = (await createHistogram({ ...options, boundaries: [1] }).collect()).resourceMetrics
    const other = { attributes: { 'service.name': 'shop' } }
    expect([resource.merge(other), resource.merge(null)]).toEqual([other, resource])
    expect([resource.attributes, resource.getRawAttributes()]).toEqual([{}, []])
  })

  test.each([
    ['boundaries that do not ascend', { boundaries: [1, 1] }, 'finite numbers in ascending order'],
    ['a boundary that is not finite', { boundaries: [1, Infinity] }, 'finite numbers in ascending order'],
    ['a boundary that is no number', { boundaries: ['1'] }, 'finite numbers in ascending order'],
    ['no boundaries', { boundaries: undefined }, 'options.boundaries must be an array'],
    ['no name', { name: '' }, 'options.name must be a string that is not empty'],
    ['a missing name', { name: undefined }, 'options.name must be a string that is not empty'],
    ['no unit', { unit: undefined }, 'options.unit must be a string'],
    ['no description', { description: undefined }, 'options.description must be a string'],
    ['an unknown option', { bounds: [] }, 'options.bounds is not an option'],
  ])('refuses %s', (_, changes, message) => {
    const wrong = { ...options, boundaries: [1], ...changes } as never
    expect(() => createHistogram(wrong)).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }))
    expect(() => createHistogram(wrong)).toThrow(message)
  })
})
