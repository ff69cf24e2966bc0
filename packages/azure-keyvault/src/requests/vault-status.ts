import type { ErrorCode } from '@sealwright/core'
import type { Permission } from '../errors/service-errors.ts'

/** The requests of this process to a vault, and whether it can send more now. Counts are since the vault was opened. */
export interface KeyVaultStatus {
  /** Such as `https://contoso.vault.azure.net`. */
  readonly vaultUrl: string
  /** The quota for signatures and for everything that reads or changes keys. */
  readonly transactions: QuotaStatus
  /** The quota for making keys and certificates. */
  readonly creations: QuotaStatus
  /**
   * Whether requests are sent: `open` while the vault is out of order and nothing is sent, `half-open` when the next request tests
   * whether it is back.
   */
  readonly breaker: BreakerState
  /** How often the breaker has opened. */
  readonly breakerOpenings: number
  /** Why the breaker is not closed; null while it is closed. */
  readonly outage: string | null
  /** How often the vault answered 429. */
  readonly throttled: number
  /** Finished calls, with all attempts of a call counted as one. */
  readonly calls: readonly CallCount[]
  /** Attempts that were followed by another one. */
  readonly retries: readonly RetryCount[]
}

/** How much of one quota this process uses. One unit is a signature of an RSA-2048 or EC key in software, or one new key. */
export interface QuotaStatus {
  /** Requests that wait for their turn. */
  readonly queued: number
  /** Requests that have been sent and not answered. */
  readonly inFlight: number
  /** Units of the last ten seconds. */
  readonly used: number
  /** Units that this process may use in ten seconds now. It is less than `limit` while other processes use the vault. */
  readonly share: number
  /** Units in ten seconds: the option `quota`, or the limit of the service. */
  readonly limit: number
  /** Milliseconds for which nothing is sent because the vault answered 429; 0 when it does not wait. */
  readonly pausedFor: number
}

/** The state of a circuit breaker. */
export type BreakerState = 'closed' | 'open' | 'half-open'

/** Calls that ended in the same way. */
export interface CallCount {
  /** The permission that the calls need, such as `keys/sign`. */
  readonly operation: Permission
  /** The code of the error; `ABORTED` when the caller ended it; null when the calls succeeded. */
  readonly error: ErrorCode | 'ABORTED' | null
  /** How many. */
  readonly count: number
}

/** Attempts that failed for the same reason and were followed by another one. */
export interface RetryCount {
  /**
   * The HTTP status, such as `429`; `timeout` and `connection` when there was no answer; `token` when the credential had no
   * token.
   */
  readonly reason: string
  /** How many. */
  readonly count: number
}
