/**
 * Remembers identifiers for at least `lifetime` and at most twice that, in bounded memory: two sets, of which the older
 * is dropped whenever the newer is `lifetime` old.
 */
export class ReplayGuard {
  readonly #lifetime: number
  readonly #limit: number
  #newer = new Set<string>()
  #older = new Set<string>()
  #newerSince = Number.NEGATIVE_INFINITY

  /**
   * @param lifetime milliseconds
   * @param limit how many identifiers at most are remembered, twice over
   */
  constructor(lifetime: number, limit: number) {
    this.#lifetime = lifetime
    this.#limit = limit
  }

  /**
   * Takes note of an identifier.
   *
   * @returns `replayed` when it was noted before, `full` when no more can be: forgetting one instead would let it be
   *   used again
   */
  note(id: string, now: Date): 'new' | 'replayed' | 'full' {
    const age = now.getTime() - this.#newerSince
    if (age >= this.#lifetime) {
      this.#older = age >= 2 * this.#lifetime ? new Set() : this.#newer
      this.#newer = new Set()
      this.#newerSince = now.getTime()
    }
    if (this.#newer.has(id) || this.#older.has(id)) return 'replayed'
    if (this.#newer.size >= this.#limit) return 'full'
    this.#newer.add(id)
    return 'new'
  }
}
