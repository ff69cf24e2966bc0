import type { AuditLog } from '@sealwright/audit-log'
import type { KeyVaultStatus } from '@sealwright/azure-keyvault'
import type { KeyRing } from '@sealwright/keyring'
import type { FastifyBaseLogger } from 'fastify'
import type { Peers } from '../peers/peers.ts'
import type { RedisState } from '../service.ts'
import type { Settings } from '../settings/settings.ts'
import { addressesOf } from '../listening/addresses.ts'
import type { SignatureRecorder } from '@sealwright/opentelemetry'
import type { Metrics } from './metrics/metrics.ts'
import type { Telemetry, TokenMeasurement } from './telemetry.ts'
import type { SignatureSpan, Tracing } from './tracing/tracing.ts'

export interface TelemetryOptions {
  readonly settings: Pick<Settings, 'metrics'>
  readonly ring: KeyRing
  readonly vaults: () => readonly KeyVaultStatus[]
  /** The audit log; null before it is open. A function: it is opened after the metrics. Default: none. */
  readonly auditLog?: (() => Pick<AuditLog, 'isWritable'> | null) | undefined
  /** What servers share; null (default) if they share nothing. */
  readonly redis?: RedisState | null | undefined
  readonly logger: Pick<FastifyBaseLogger, 'info' | 'warn'>
  /** The standard variables of OpenTelemetry. */
  readonly env: Readonly<Record<string, string | undefined>>
  /** The number of this worker, which its metrics have as a label; null (default) for a server of one process. */
  readonly worker?: number | null | undefined
  /** All processes of the server. Any of them may serve the metrics. Default: only this one. */
  readonly peers?: Peers | undefined
}

const topic = 'metrics'

/**
 * Starts the telemetry that the settings enable: metrics on a separate port, and traces to the endpoint of
 * `OTEL_EXPORTER_OTLP_ENDPOINT`. OpenTelemetry's SDK is loaded only then.
 *
 * @returns null if nothing is asked for
 * @throws SealwrightError `INVALID_ARGUMENT` if the port of the metrics cannot be listened on
 */
export async function startTelemetry(options: TelemetryOptions): Promise<Telemetry | null> {
  const tracing = await startTracing(options)
  // Last: if the port is taken, nothing is open.
  const metrics = await startMetrics(options)
  if (metrics === null && tracing === null) return null
  const close = async (): Promise<void> => {
    await Promise.all([metrics?.close(), tracing?.close()])
  }
  return {
    watch(app) {
      metrics?.watch(app)
      tracing?.watch(app)
      app.addHook('onClose', close)
    },
    begin: (issuer, request) =>
      new Measurement(metrics?.recorderOf(issuer) ?? null, tracing?.begin(issuer, request) ?? null),
    close,
  }
}

class Measurement implements TokenMeasurement {
  readonly #recorder: SignatureRecorder | null
  readonly #span: SignatureSpan | null
  readonly #startedAt: number

  constructor(recorder: SignatureRecorder | null, span: SignatureSpan | null) {
    this.#recorder = recorder
    this.#span = span
    this.#startedAt = recorder?.start() ?? 0
  }

  run(issue: () => Promise<string>): Promise<string> {
    return this.#span === null ? issue() : this.#span.run(issue)
  }

  succeeded(): void {
    this.#recorder?.succeeded(this.#startedAt)
    this.#span?.end(null)
  }

  failed(error: unknown): void {
    this.#recorder?.failed(this.#startedAt, error)
    this.#span?.end(error)
  }
}

async function startMetrics(options: TelemetryOptions): Promise<Metrics | null> {
  const {
    settings,
    ring,
    vaults,
    auditLog = () => null,
    redis = null,
    logger,
    worker = null,
    peers,
  } = options
  const { port, host } = settings.metrics
  if (port === null) return null
  const [{ createMetrics }, { mergeScrapes }, { serveMetrics }] = await Promise.all([
    import('./metrics/metrics.ts'),
    import('./metrics/merge-scrapes.ts'),
    import('./metrics/serve-metrics.ts'),
  ])
  const metrics = createMetrics({ ring, vaults, auditLog, redis, worker })
  peers?.answer(topic, () => metrics.scrape())
  const server = await serveMetrics({ host, port, addresses: await addressesOf(host) }, async () => {
    if (peers === undefined) return metrics.scrape()
    const answers = await peers.collect(topic)
    return mergeScrapes(answers.map(({ value }) => String(value)))
  })
  // One of several workers is enough.
  if (worker === null || worker === 1) logger.info({ host, port: server.port }, 'serving metrics at /metrics')
  return {
    ...metrics,
    async close() {
      await Promise.all([metrics.close(), server.close()])
    },
  }
}

async function startTracing({ env, vaults, logger }: TelemetryOptions): Promise<Tracing | null> {
  const endpoint = env['OTEL_EXPORTER_OTLP_TRACES_ENDPOINT'] ?? env['OTEL_EXPORTER_OTLP_ENDPOINT'] ?? ''
  if (endpoint === '' || env['OTEL_SDK_DISABLED'] === 'true') return null
  const { createTracing } = await import('./tracing/tracing.ts')
  return createTracing({ hasVault: vaults().length > 0, logger })
}
