import type { Attributes, Meter } from '@opentelemetry/api'
import { hasMethod, must } from '@sealwright/core/internal'
import { meterOptions, observe, type ObserveOptions, type Report } from './observe.ts'

/** What {@link observeKeyVault} reads: the backend or a store of @sealwright/azure-keyvault. */
export interface ObservableKeyVault {
  /** One vault, or each vault that was opened. */
  status(): ObservableKeyVaultStatus | readonly ObservableKeyVaultStatus[]
}

/** The part of `KeyVaultStatus` of @sealwright/azure-keyvault that becomes metrics. */
export interface ObservableKeyVaultStatus {
  /** Such as `https://contoso.vault.azure.net`. */
  readonly vaultUrl: string
  /** The quota for signatures and for everything that reads or changes keys. */
  readonly transactions: ObservableQuota
  /** The quota for making keys and certificates. */
  readonly creations: ObservableQuota
  /** The state of the circuit breaker. */
  readonly breaker: 'closed' | 'open' | 'half-open'
  /** How often it has opened. */
  readonly breakerOpenings: number
  /** How often the vault answered 429. */
  readonly throttled: number
  /** Finished calls by permission and error. */
  readonly calls: readonly {
    readonly operation: string
    readonly error: string | null
    readonly count: number
  }[]
  /** Repeated attempts by reason. */
  readonly retries: readonly { readonly reason: string; readonly count: number }[]
}

/** How much of a quota is used. */
export interface ObservableQuota {
  /** Requests that wait for their turn. */
  readonly queued: number
  /** Requests that have been sent and not answered. */
  readonly inFlight: number
  /** Units of the last ten seconds. */
  readonly used: number
  /** Units that this process may use in ten seconds now. */
  readonly share: number
  /** Units in ten seconds at most. */
  readonly limit: number
  /** Milliseconds for which nothing is sent. */
  readonly pausedFor: number
}

const aKeyVault = must(
  'the backend that azureKeyVault of @sealwright/azure-keyvault returns, or a store of openKeyVault',
  (value) => hasMethod(value, 'status'),
)

/**
 * Registers the metrics of vaults: calls and their results, retries, 429s, the queue, the quota and the circuit breaker. They are read
 * from `status()` when metrics are collected; nothing is asked of the vault.
 *
 * @returns a function that removes them
 * @throws SealwrightError `INVALID_ARGUMENT`
 *
 * @example
 * ```ts
 * import { metrics } from '@opentelemetry/api'
 * import { azureKeyVault } from '@sealwright/azure-keyvault'
 * import { openSigningKey } from '@sealwright/core'
 * import { observeKeyVault } from '@sealwright/opentelemetry'
 *
 * const vault = azureKeyVault()
 * const stop = observeKeyVault(vault, { meter: metrics.getMeter('my-app') })
 * const key = await openSigningKey('https://contoso.vault.azure.net/certificates/my-app-auth', { backends: [vault] })
 * ```
 */
export function observeKeyVault(vault: ObservableKeyVault, options: ObserveOptions): () => void {
  aKeyVault('vault', vault)
  meterOptions('options', options)
  const instruments = instrumentsOf(options.meter)
  return observe(options, Object.values(instruments), (report) => {
    for (const status of [vault.status()].flat()) reportVault(status, instruments, report)
  })
}

const breakerStates = ['closed', 'open', 'half-open'] as const

function reportVault(status: ObservableKeyVaultStatus, instruments: Instruments, report: Report): void {
  const server = serverOf(status.vaultUrl)
  for (const { operation, error, count } of status.calls) {
    const result = error === null ? {} : { 'error.type': error }
    report(instruments.calls, count, { ...server, 'sealwright.vault.operation': operation, ...result })
  }
  for (const { reason, count } of status.retries) {
    report(instruments.retries, count, { ...server, 'sealwright.vault.retry.reason': reason })
  }
  report(instruments.throttled, status.throttled, server)
  for (const state of breakerStates) {
    const value = status.breaker === state ? 1 : 0
    report(instruments.breaker, value, { ...server, 'sealwright.vault.breaker.state': state })
  }
  report(instruments.openings, status.breakerOpenings, server)
  for (const name of ['transactions', 'creations'] as const) {
    const attributes = { ...server, 'sealwright.vault.quota.name': name }
    const { queued, inFlight, used, share, limit, pausedFor } = status[name]
    report(instruments.queued, queued, attributes)
    report(instruments.active, inFlight, attributes)
    report(instruments.used, used, attributes)
    report(instruments.share, share, attributes)
    report(instruments.limit, limit, attributes)
    report(instruments.pause, pausedFor / 1_000, attributes)
  }
}

function serverOf(vaultUrl: string): Attributes {
  const { hostname, port } = new URL(vaultUrl)
  return { 'server.address': hostname, ...(port !== '' && { 'server.port': Number(port) }) }
}

type Instruments = ReturnType<typeof instrumentsOf>

function instrumentsOf(meter: Meter) {
  const unit = '{unit}'
  return {
    calls: meter.createObservableCounter('sealwright.vault.calls', {
      description: 'Finished calls, with all attempts of a call counted as one.',
      unit: '{call}',
    }),
    retries: meter.createObservableCounter('sealwright.vault.retries', {
      description: 'Attempts that failed and were repeated.',
      unit: '{attempt}',
    }),
    throttled: meter.createObservableCounter('sealwright.vault.throttled', {
      description: 'Answers with status 429.',
      unit: '{answer}',
    }),
    breaker: meter.createObservableUpDownCounter('sealwright.vault.breaker.state', {
      description: '1 for the state that the circuit breaker is in, 0 for the others.',
    }),
    openings: meter.createObservableCounter('sealwright.vault.breaker.openings', {
      description: 'How often the circuit breaker has opened.',
      unit: '{opening}',
    }),
    queued: meter.createObservableUpDownCounter('sealwright.vault.queued_requests', {
      description: 'Requests that wait for their turn.',
      unit: '{request}',
    }),
    active: meter.createObservableUpDownCounter('sealwright.vault.active_requests', {
      description: 'Requests that were sent and not answered yet.',
      unit: '{request}',
    }),
    used: meter.createObservableGauge('sealwright.vault.quota.used', {
      description: 'Units of the quota that this process used in the last ten seconds.',
      unit,
    }),
    share: meter.createObservableGauge('sealwright.vault.quota.share', {
      description: 'Units of the quota that this process may use in ten seconds now.',
      unit,
    }),
    limit: meter.createObservableGauge('sealwright.vault.quota.limit', {
      description: 'Units of the quota that this process may use in ten seconds at most.',
      unit,
    }),
    pause: meter.createObservableGauge('sealwright.vault.quota.pause', {
      description: 'Time for which nothing is sent because the vault answered 429.',
      unit: 's',
    }),
  }
}
