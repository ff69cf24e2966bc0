import { SealwrightError } from '@sealwright/core'

/** Options of a pool of signing threads. */
export interface SigningPoolOptions {
  /** A JOSE `alg` that the key supports. Default: the key's own. */
  readonly algorithm?: string | undefined
  /** How many threads sign: 1 to 1024. Default: as many as this process has cores (`availableParallelism()`). */
  readonly threads?: number | undefined
  /** How many signatures may be waiting or in progress; further ones are refused at once. At least 1. Default 16384. */
  readonly capacity?: number | undefined
}

/** @throws SealwrightError `INVALID_ARGUMENT` for a number out of range */
export function assertPoolOptions({ threads = 1, capacity = 1 }: SigningPoolOptions): void {
  assertCount('threads', threads, 1024)
  assertCount('capacity', capacity, Number.MAX_SAFE_INTEGER)
}

function assertCount(name: string, value: number, maximum: number): void {
  if (!Number.isSafeInteger(value) || value < 1 || value > maximum) {
    throw new SealwrightError(
      'INVALID_ARGUMENT',
      `options.${name} must be a whole number from 1 to ${maximum}`,
    )
  }
}
