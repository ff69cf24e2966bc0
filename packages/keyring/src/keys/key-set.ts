import { SealwrightError } from '@sealwright/core'
import { untilAborted } from '@sealwright/core/internal'
import type { KeyRingPolicy } from '../policy/policy.ts'
import type { RingClock } from '../timeline/clock.ts'
import type { RingEventListener } from '../events/events.ts'
import { mergeKeys, type RingKey, type SourceKeys } from './ring-keys.ts'
import type { Source } from './sources.ts'

/** What the sources showed when they were last read. Readings that fail leave what there was. */
export class KeySet {
  keys: readonly RingKey[] = []
  /** Why the last reading failed; null when it did not. */
  problem: unknown = null
  readonly #sources: readonly Source[]
  readonly #policy: KeyRingPolicy
  readonly #revoked: ReadonlySet<string>
  readonly #clock: RingClock
  readonly #listener: RingEventListener
  /** What each source showed, and when its reading began. */
  readonly #shown = new Map<
    Source,
    { readonly shown: SourceKeys; readonly wall: number; readonly elapsed: number }
  >()
  /** When each key was first seen here, in milliseconds since 1970, where that is later than its store says. */
  readonly #seen = new Map<string, Date>()
  /** The one under way, or the last; it never rejects. */
  #reading: Promise<void> = Promise.resolve()
  /** The one that has not begun. */
  #next: Promise<void> | null = null

  constructor(
    sources: readonly Source[],
    policy: KeyRingPolicy,
    revoked: ReadonlySet<string>,
    clock: RingClock,
    listener: RingEventListener,
  ) {
    this.#sources = sources
    this.#policy = policy
    this.#revoked = revoked
    this.#clock = clock
    this.#listener = listener
  }

  /** How old the set is, in milliseconds: the time since the oldest of its readings began, and what lists may leave out. */
  age(): number {
    if (this.#shown.size < this.#sources.length) return Infinity
    const [wall, elapsed] = [this.#clock.now(), this.#clock.elapsed()]
    // The greater of the two: the one clock may have been set back, and the other may stand still while a machine is moved.
    const ages = [...this.#shown.values()].map((each) => Math.max(wall - each.wall, elapsed - each.elapsed))
    return Math.max(0, ...ages) + this.#policy.listingDelay * 1_000
  }

  /** Which of the sources shows nothing: proven to be empty. */
  emptySources(): readonly Source[] {
    return this.#sources.filter((source) => this.#shown.get(source)?.shown.keys.length === 0)
  }

  /** The newest version that the source has shown; undefined for none. */
  newestIn(source: Source): string | undefined {
    return this.#shown.get(source)?.shown.keys[0]?.version
  }

  /**
   * Reads all sources. Callers share a reading that has not begun; one that is under way may be too early to show what they
   * want to see, such as a key that was switched off just now.
   *
   * @throws what a source throws; the others' readings count all the same
   */
  read(): Promise<void> {
    this.#next ??= this.#reading.then(() => {
      const reading = this.#readAll()
      this.#next = null
      this.#reading = reading.catch(() => undefined)
      return reading
    })
    return this.#next
  }

  async #readAll(): Promise<void> {
    const signal = AbortSignal.timeout(this.#policy.refreshTimeout * 1_000)
    const results = await Promise.allSettled(this.#sources.map((source) => this.#readOne(source, signal)))
    try {
      this.#merge()
      const failed = results.find((result) => result.status === 'rejected')
      if (failed !== undefined) throw failed.reason
      this.problem = null
    } catch (error) {
      this.problem = error
      throw error
    }
  }

  async #readOne(source: Source, signal: AbortSignal): Promise<void> {
    const [wall, elapsed] = [this.#clock.now(), this.#clock.elapsed()]
    // A store may pass the signal over.
    const keys = await untilAborted(source.list(signal), signal)
    const before = this.#shown.get(source)
    if (before !== undefined && !source.delegates) {
      if (keys.length === 0 && before.shown.keys.length > 0) throw allGone(source, before.shown)
      this.#checkArrivals(source, keys, before, wall)
    }
    this.#shown.set(source, { shown: { source, keys }, wall, elapsed })
  }

  /** A key that is new here and claims to be older than the last reading was put there with a time that is not its own. */
  #checkArrivals(
    source: Source,
    keys: SourceKeys['keys'],
    before: { readonly shown: SourceKeys; readonly wall: number },
    now: number,
  ): void {
    const known = new Set(
      [...this.#shown.values()].flatMap(({ shown }) => shown.keys.map(({ keyId }) => keyId)),
    )
    const { listingDelay, clockSkew } = this.#policy
    const possible = before.wall - (listingDelay + clockSkew) * 1_000
    for (const { keyId, createdAt, location } of keys) {
      const claimed = source.createdAt ?? createdAt
      if (known.has(keyId) || (claimed !== null && claimed.getTime() >= possible)) continue
      this.#seen.set(keyId, new Date(now))
      this.#listener({ type: 'backdated', keyId, location, createdAt: claimed, seenAt: new Date(now) })
    }
  }

  #merge(): void {
    const shown = this.#sources.flatMap((source) => this.#shown.get(source)?.shown ?? [])
    const merged = mergeKeys(shown, this.#revoked)
    this.keys = merged.map((each) => {
      const createdAt = this.#seen.get(each.key.keyId)
      return createdAt === undefined ? each : { ...each, createdAt }
    })
  }
}

/** Far more often an accident, such as a certificate that was deleted or a volume that is not mounted, than a revocation. */
function allGone({ location }: Source, { keys }: SourceKeys): SealwrightError {
  return new SealwrightError(
    'NOT_FOUND',
    `${keys.length === 1 ? 'the only key' : `all ${keys.length} versions`} of ${location} disappeared: restore what was there, or switch a key ` +
      'off where it is kept to revoke it',
  )
}
