import { DataPointType, type MetricData, type ResourceMetrics } from '@opentelemetry/sdk-metrics'

/** UCUM, and what Prometheus calls it. */
const suffixes: Readonly<Record<string, string>> = { s: '_seconds', By: '_bytes' }

/**
 * Adds the unit to the name of each metric, as OpenTelemetry's specification for Prometheus requires: Collectors and Prometheus'
 * own receiver for OTLP do it, but not the exporter for JavaScript.
 */
export function withUnits({ resource, scopeMetrics }: ResourceMetrics): ResourceMetrics {
  return {
    resource,
    scopeMetrics: scopeMetrics.map(({ scope, metrics }) => ({ scope, metrics: metrics.map(withUnit) })),
  }
}

function withUnit(metric: MetricData): MetricData {
  const { descriptor, dataPointType } = metric
  const ratio = descriptor.unit === '1' && dataPointType === DataPointType.GAUGE ? '_ratio' : ''
  const name = `${descriptor.name}${suffixes[descriptor.unit] ?? ratio}`
  return { ...metric, descriptor: { ...descriptor, name, unit: '' } }
}
