/** How requests to one vault are paced and given up. Times are milliseconds. */
export interface RequestLimits {
  /** For a signature, with all its attempts. No single answer may take longer. */
  readonly deadline: number
  /** The maximum number of concurrent requests under one quota. */
  readonly maxInFlight: number
  /** The maximum number of waiting requests under one quota. */
  readonly maxQueued: number
  /** The most that this process uses of the vault's quota, in units of `signingCost` per ten seconds. */
  readonly quota: number
  /** Failures in a row after which the circuit breaker opens. */
  readonly failuresToOpen: number
  /** The least time from the first of these failures to the last. */
  readonly failingFor: number
  /** How long an open breaker sends nothing before it tries one request. */
  readonly coolDown: number
}
