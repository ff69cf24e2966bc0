export type { BackendOption, SignatureAttributes } from './attributes.ts'
export {
  createHistogram,
  type Histogram,
  type HistogramOptions,
  type HistogramSeries,
} from './metrics/histogram.ts'
export type { HistogramCollection, HistogramProducer } from './metrics/metric-data.ts'
export type { ObserveOptions } from './metrics/observe.ts'
export {
  observeKeyRing,
  type ObservableKeyRing,
  type ObservableKeyRingStatus,
} from './metrics/observe-key-ring.ts'
export {
  observeKeyVault,
  type ObservableKeyVault,
  type ObservableKeyVaultStatus,
  type ObservableQuota,
} from './metrics/observe-key-vault.ts'
export {
  createSignatureMetrics,
  type SignatureMetrics,
  type SignatureMetricsOptions,
  type SignatureRecorder,
} from './metrics/signature-metrics.ts'
export { recordFailure, tracedKey, tracedSigner, type TracedSignerOptions } from './tracing/traced-signer.ts'
