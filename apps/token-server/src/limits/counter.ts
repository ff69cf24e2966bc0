import { LRUCache } from 'lru-cache'

/** Counts that several processes share. */
export interface SharedCounter {
  /**
   * Counts an event for every process.
   *
   * @returns milliseconds until the key is below its limit again; 0 if it is below, or the count is not available
   */
  add(key: string): Promise<number>
}

/** Creates counters that several processes share under one name. */
export type ShareCounts = (
  name: string,
  counts: { readonly limit: number; readonly window: number },
) => SharedCounter

export interface CounterOptions {
  /** How many events of one key are allowed in a window. */
  readonly limit: number
  /** The length of a window in milliseconds. It begins with the first event of a key. */
  readonly window: number
  /** How many keys are counted. Beyond that, the least recently seen key is forgotten. Default 50,000. */
  readonly maximumKeys?: number | undefined
  /** Default: none; this process counts for itself. */
  readonly shared?: SharedCounter | null | undefined
}

/** Keys that are counted at once. A key takes about 200 bytes. */
const defaultMaximumKeys = 50_000

/** A map that forgets the least recently seen key, and every key after a time. */
export function boundedMap<V extends object | number>(
  ttl: number,
  maximumKeys: number = defaultMaximumKeys,
): LRUCache<string, V> {
  return new LRUCache({ max: maximumKeys, ttl, ttlResolution: 0, perf: { now: () => performance.now() } })
}

/**
 * Counts events by key, in bounded memory. No event waits for the shared count: this process counts for itself, and blocks a
 * key as soon as it learns that the key is over the limit of all processes.
 */
export class Counter {
  readonly #limit: number
  readonly #shared: SharedCounter | null
  readonly #counts: LRUCache<string, number>

  constructor({ limit, window, maximumKeys, shared = null }: CounterOptions) {
    this.#limit = limit
    this.#shared = shared
    this.#counts = boundedMap(window, maximumKeys)
  }

  /**
   * Counts an event if it is allowed.
   *
   * @param options.isShared whether the other processes are told. Default true
   * @returns 0 if it is; otherwise milliseconds until the next one is allowed
   */
  take(key: string, { isShared = true }: { readonly isShared?: boolean } = {}): number {
    const count = (this.#counts.get(key) ?? 0) + 1
    if (count > this.#limit) return Math.max(1, this.#counts.getRemainingTTL(key))
    this.#counts.set(key, count, { noUpdateTTL: true })
    if (isShared && this.#shared !== null) void this.#share(this.#shared, key)
    return 0
  }

  /** Whether the next event of the key is over the limit. */
  isOver(key: string): boolean {
    return (this.#counts.get(key) ?? 0) >= this.#limit
  }

  async #share(shared: SharedCounter, key: string): Promise<void> {
    const wait = await shared.add(key)
    if (wait > 0) this.#counts.set(key, this.#limit, { ttl: wait })
  }
}
