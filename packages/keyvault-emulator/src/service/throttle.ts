import { ServiceError } from '../protocol/errors.ts'
import { throttledMessage } from './faults.ts'
import type { Operation } from '../vault/operation.ts'

/** Milliseconds for which the service counts. */
const window = 10_000

/** How the limits of the service are applied. */
export interface ThrottleOptions {
  /** Multiplies every limit, each staying at least 1; 0.01 makes a vault of 40 signatures per 10 s. Default 1. */
  readonly scale?: number | undefined
  /** Seconds for `Retry-After` on 429s. Default: none, as in the service. */
  readonly retryAfter?: number | undefined
}

/** The traits of a key that decide the cost of a request. */
export interface KeyClass {
  readonly hsm: boolean
  /** Length of the modulus; null for EC. */
  readonly rsaBits: number | null
}

/**
 * The service's limits per vault in 10 seconds. Transactions on keys are weighted: a transaction costs one part in
 * as many as its kind of key allows, and the sum of the costs is limited. Creating has its own limit, everything
 * else another. A request that was refused costs nothing.
 */
export class Throttle {
  readonly #scale: number
  readonly #retryAfter: number | undefined
  readonly #now: () => number
  readonly #used = new Map<string, { windowStart: number; share: number }>()

  constructor(options: ThrottleOptions, now: () => number) {
    this.#scale = options.scale ?? 1
    this.#retryAfter = options.retryAfter
    this.#now = now
  }

  /**
   * Counts a request.
   *
   * @param key the key it is about or creates; null if absent
   * @throws ServiceError 429
   */
  admit(vault: string, quota: Operation['quota'], key: KeyClass | null): void {
    const cost = 1 / Math.max(1, limit(quota, key) * this.#scale)
    const counter = `${vault} ${quota}`
    const windowStart = Math.floor(this.#now() / window) * window
    let used = this.#used.get(counter)
    if (used?.windowStart !== windowStart) {
      used = { windowStart, share: 0 }
      this.#used.set(counter, used)
    }
    // The sum of 4,000 times 1/4,000 is not quite 1.
    if (used.share + cost > 1 + 1e-9) {
      throw new ServiceError(
        429,
        'Throttled',
        throttledMessage,
        this.#retryAfter === undefined ? {} : { headers: { 'retry-after': String(this.#retryAfter) } },
      )
    }
    used.share += cost
  }
}

/** Transactions of one kind in 10 seconds. Software keys have twice the limit of HSM keys. */
function limit(quota: Operation['quota'], key: KeyClass | null): number {
  if (quota === 'other') return 4000
  const software = quota === 'create' ? 20 : (rsaLimits[key?.rsaBits ?? 0] ?? 4000)
  return key?.hsm === true ? software / 2 : software
}

const rsaLimits: Readonly<Record<number, number>> = { 2048: 4000, 3072: 1000, 4096: 500 }
