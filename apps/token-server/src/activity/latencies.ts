/** Buckets per doubling of the time: a percentile is right to within 9 %. */
const bucketsPerOctave = 4

/** From a microsecond to 16 seconds. */
const bucketCount = 24 * bucketsPerOctave

/** Counts how long signatures took. Adding one costs a fraction of a microsecond. */
export class Latencies {
  readonly #buckets = new Uint32Array(bucketCount)
  #count = 0

  add(milliseconds: number): void {
    const octaves = Math.log2(Math.max(1, milliseconds * 1_000))
    const bucket = Math.min(Math.floor(octaves * bucketsPerOctave), bucketCount - 1)
    this.#buckets[bucket] = (this.#buckets[bucket] ?? 0) + 1
    this.#count++
  }

  /** Adds the counts of another instance. */
  merge(other: Latencies): void {
    for (const [bucket, count] of other.#buckets.entries()) {
      this.#buckets[bucket] = (this.#buckets[bucket] ?? 0) + count
    }
    this.#count += other.#count
  }

  clear(): void {
    this.#buckets.fill(0)
    this.#count = 0
  }

  /**
   * The time within which this share of the signatures was made, in milliseconds; null if there were none.
   *
   * @param share such as 0.99
   */
  percentile(share: number): number | null {
    if (this.#count === 0) return null
    const rank = Math.ceil(share * this.#count)
    let seen = 0
    const bucket = this.#buckets.findIndex((count) => (seen += count) >= rank)
    return 2 ** ((bucket + 0.5) / bucketsPerOctave) / 1_000
  }
}
