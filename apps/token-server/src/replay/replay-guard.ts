import type { Use } from './replay-store.ts'

/** When something is used, by both clocks, in milliseconds. */
export interface UseTime {
  /** The wall clock since 1970, for expiry times. It can be set. */
  readonly wall: number
  /** A monotonic clock with any starting point. */
  readonly monotonic: number
}

interface Generation {
  readonly ids: Set<string>
  /** On the monotonic clock. */
  readonly since: number
  /** The latest expiry of its identifiers, on the wall clock. */
  expires: number
}

/**
 * Remembers identifiers until they have expired, in bounded memory. There are two generations. The older is dropped when
 * the newer is `lifetime` old: by then everything in it has been remembered for its lifetime on a clock that cannot be
 * set. It must also have expired on the wall clock, which may have been set back meanwhile.
 */
export class ReplayGuard {
  readonly #lifetime: number
  readonly #limit: number
  #newer: Generation = emptyGeneration(Number.NEGATIVE_INFINITY)
  #older: Generation = emptyGeneration(Number.NEGATIVE_INFINITY)

  /**
   * @param lifetime the longest time that an identifier is valid, in milliseconds
   * @param limit how many identifiers at most are remembered in a generation
   */
  constructor(lifetime: number, limit: number) {
    this.#lifetime = lifetime
    this.#limit = limit
  }

  /**
   * Records the use of an identifier.
   *
   * @param expires when it expires, in milliseconds on the wall clock
   */
  use(id: string, expires: number, now: UseTime): Use {
    this.#forget(now)
    if (this.#newer.ids.has(id) || this.#older.ids.has(id)) return { kind: 'replay' }
    if (this.#newer.ids.size >= this.#limit) return { kind: 'full', retryAfter: this.#retryAfter(now) }
    this.#newer.ids.add(id)
    this.#newer.expires = Math.max(this.#newer.expires, expires)
    return { kind: 'first' }
  }

  #forget({ wall, monotonic }: UseTime): void {
    if (monotonic - this.#newer.since < this.#lifetime || this.#older.expires >= wall) return
    this.#older = this.#newer
    this.#newer = emptyGeneration(monotonic)
  }

  #retryAfter({ wall, monotonic }: UseTime): number {
    const milliseconds = Math.max(this.#newer.since + this.#lifetime - monotonic, this.#older.expires - wall)
    return Math.max(1, Math.ceil(milliseconds / 1000))
  }
}

function emptyGeneration(since: number): Generation {
  return { ids: new Set(), since, expires: Number.NEGATIVE_INFINITY }
}
