import type { Meter } from '@opentelemetry/api'
import { resourceFromAttributes } from '@opentelemetry/resources'
import { PrometheusSerializer } from '@opentelemetry/exporter-prometheus'
import { MeterProvider, MetricReader } from '@opentelemetry/sdk-metrics'
import type { AuditLog } from '@sealwright/audit-log'
import type { KeyVaultStatus } from '@sealwright/azure-keyvault'
import type { KeyRing } from '@sealwright/keyring'
import {
  createSignatureMetrics,
  observeKeyRing,
  observeKeyVault,
  type SignatureRecorder,
} from '@sealwright/opentelemetry'
import type { FastifyInstance } from 'fastify'
import type { RedisState } from '../../service.ts'
import { backendOf, type SignedBy } from '../telemetry.ts'
import { createRequestMetrics } from './request-metrics.ts'
import { observeProcess } from './process-metrics.ts'
import { withUnits } from './prometheus-names.ts'

/** The metrics of this process. */
export interface Metrics {
  watch(app: FastifyInstance): void
  /** Counts the tokens of an issuer. */
  recorderOf(issuer: SignedBy): SignatureRecorder
  /** All metrics, in the text format of Prometheus. */
  scrape(): Promise<string>
  close(): Promise<void>
}

export interface MetricsOptions {
  readonly ring: KeyRing
  readonly vaults: () => readonly KeyVaultStatus[]
  /** null if there is none, or before it is open. */
  readonly auditLog: () => Pick<AuditLog, 'isWritable'> | null
  /** null if the server uses none. */
  readonly redis: RedisState | null
  /** The label `worker` of each metric; null for none. */
  readonly worker: number | null
}

export function createMetrics({ ring, vaults, auditLog, redis, worker }: MetricsOptions): Metrics {
  const signatures = createSignatureMetrics()
  const requests = createRequestMetrics()
  const reader = new ScrapeReader({ metricProducers: [signatures, requests.durations] })
  const resource = resourceFromAttributes({
    'service.name': 'token-server',
    ...(worker !== null && { worker: String(worker) }),
  })
  const meter = new MeterProvider({ resource, readers: [reader] }).getMeter('token-server')
  signatures.observe({ meter })
  observeKeyRing(ring, { meter })
  observeKeyVault({ status: vaults }, { meter })
  meter
    .createObservableGauge('sealwright.audit_log.writable', {
      description: 'Whether tokens can be recorded in the audit log: 1 or 0.',
    })
    .addCallback((result) => {
      const log = auditLog()
      if (log !== null) result.observe(log.isWritable ? 1 : 0)
    })
  if (redis !== null) observeRedis(redis, meter)
  const stopProcess = observeProcess(meter)
  // Names of scopes would only make each line longer.
  const serializer = new PrometheusSerializer(undefined, false, /^worker$/, false, true)
  const recorders = new WeakMap<SignedBy, SignatureRecorder>()

  return {
    watch: (app) => requests.watch(app),
    recorderOf(issuer) {
      let recorder = recorders.get(issuer)
      if (recorder === undefined) {
        const { keyId, algorithm } = issuer
        recorder = signatures.recorder({ keyId, algorithm: algorithm.name, backend: backendOf(issuer) })
        recorders.set(issuer, recorder)
      }
      return recorder
    },
    async scrape() {
      const { resourceMetrics } = await reader.collect()
      return serializer.serialize(withUnits(resourceMetrics))
    },
    async close() {
      stopProcess()
    },
  }
}

function observeRedis(redis: RedisState, meter: Meter): void {
  meter
    .createObservableGauge('sealwright.redis.available', {
      description: 'Whether assertions can be looked up and limits counted in Redis: 1 or 0.',
    })
    .addCallback((result) => result.observe(redis.isAvailable ? 1 : 0))
  meter
    .createObservableCounter('sealwright.redis.failures', {
      description: 'Commands that failed.',
      unit: '{command}',
    })
    .addCallback((result) => result.observe(redis.failures))
}

/** A reader that collects when it is scraped. */
class ScrapeReader extends MetricReader {
  protected override async onShutdown(): Promise<void> {}
  protected override async onForceFlush(): Promise<void> {}
}
