import { aString, aWholeNumber, type Check } from '@sealwright/core/internal'

/** Options of a pool of signing threads. */
export interface SigningPoolOptions {
  /** A JOSE `alg` that the key supports. Default: the key's own. */
  readonly algorithm?: string | undefined
  /**
   * How many threads the pool starts for itself: 1 to 1024. Default: none. It uses the threads that all pools of this process share, as
   * many as the process has cores (`availableParallelism()`).
   */
  readonly threads?: number | undefined
  /** How many signatures may be waiting or in progress; further ones are refused at once. At least 1. Default 16384. */
  readonly capacity?: number | undefined
}

/** A check for each of the {@link SigningPoolOptions}. */
export const poolOptionChecks: Readonly<Record<keyof SigningPoolOptions, Check>> = {
  algorithm: aString,
  threads: aWholeNumber(1, 1024),
  capacity: aWholeNumber(1, Number.MAX_SAFE_INTEGER),
}
