/** How requests to one vault are paced and given up. Times are milliseconds. */
export interface RequestLimits {
  /** For a signature, with all its attempts. No answer is waited for longer. */
  readonly deadline: number
  /** The most requests at once under one quota. */
  readonly maxInFlight: number
  /** The most requests that wait under one quota. */
  readonly maxQueued: number
  /** The most that this process uses of the vault's quota, in units of `signingCost` per ten seconds. */
  readonly quota: number
  /** The circuit breaker opens after so many failures in a row, */
  readonly failuresToOpen: number
  /** with at least this time from the first to the last. */
  readonly failingFor: number
  /** While it is open nothing is sent; after this time one request is. */
  readonly coolDown: number
}
