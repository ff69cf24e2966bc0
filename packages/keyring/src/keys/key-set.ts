import { SealwrightError } from '@sealwright/core'
import { untilAborted } from '@sealwright/core/internal'
import type { KeyRingPolicy } from '../policy/policy.ts'
import { JumpGuard, type RingClock } from '../timeline/clock.ts'
import type { KeyRingEvent, RingEventListener } from '../events/events.ts'
import { mergeKeys, type RingKey, type SourceKeys } from './ring-keys.ts'
import type { Source } from './sources.ts'

/** The contents of a source, and when its read began by both clocks, in milliseconds. */
interface Reading {
  readonly shown: SourceKeys
  readonly wall: number
  readonly elapsed: number
}

/** The contents of the sources at the last successful read. A failed read changes nothing. */
export class KeySet {
  keys: readonly RingKey[] = []
  /** Why the last read failed; null if it succeeded. */
  problem: unknown = null
  readonly #sources: readonly Source[]
  readonly #policy: KeyRingPolicy
  readonly #revoked: ReadonlySet<string>
  readonly #maxDelegates: number
  readonly #jumps: JumpGuard
  readonly #clock: RingClock
  readonly #listener: RingEventListener
  /** The last read of each source that is part of `keys`. */
  #shown: ReadonlyMap<Source, Reading> = new Map()
  /** When each key was first seen here, where that is later than its store says. */
  #seen: ReadonlyMap<string, Date> = new Map()
  readonly #closing = new AbortController()
  /** The current or last read; it never rejects. */
  #reading: Promise<void> = Promise.resolve()
  /** The next read, which has not begun. */
  #next: Promise<void> | null = null

  constructor(
    sources: readonly Source[],
    policy: KeyRingPolicy,
    { revoked, maxDelegates }: { readonly revoked: readonly string[]; readonly maxDelegates: number },
    clock: RingClock,
    listener: RingEventListener,
  ) {
    this.#sources = sources
    this.#policy = policy
    this.#revoked = new Set(revoked)
    this.#maxDelegates = maxDelegates
    this.#jumps = new JumpGuard(clock, policy.clockSkew * 1_000, policy.maxSetAge * 1_000)
    this.#clock = clock
    this.#listener = listener
  }

  /** How old the keys are, in milliseconds: the time since the oldest read began, plus the listing delay. */
  age(): number {
    if (this.#shown.size < this.#sources.length) return Infinity
    const [wall, elapsed] = [this.#clock.now(), this.#clock.elapsed()]
    // The greater of the two: one clock may have been set back, and the other may stand still while a virtual machine
    // is moved.
    const ages = [...this.#shown.values()].map((each) => Math.max(wall - each.wall, elapsed - each.elapsed))
    return Math.max(0, ...ages) + this.#policy.listingDelay * 1_000
  }

  /** The sources that are proven to be empty. */
  emptySources(): readonly Source[] {
    return this.#sources.filter((source) => this.#shown.get(source)?.shown.keys.length === 0)
  }

  /** The sources that have shown the key, with its versions in each. */
  holdersOf(keyId: string): readonly { readonly source: Source; readonly versions: readonly string[] }[] {
    return [...this.#shown.values()].flatMap(({ shown: { source, keys } }) => {
      const versions = keys.filter((key) => key.keyId === keyId).map(({ version }) => version)
      return versions.length === 0 ? [] : [{ source, versions }]
    })
  }

  /** The newest version that the source has shown; undefined for none. */
  newestIn(source: Source): string | undefined {
    return this.#shown.get(source)?.shown.keys[0]?.version
  }

  /**
   * Reads all sources. Callers share a read that has not begun. A read in progress may be too early to show the change
   * that they wait for, such as a key that was just disabled.
   *
   * @throws what a source throws; the reads of the other sources still count
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

  /** Aborts the read in progress. */
  close(): void {
    this.#closing.abort()
  }

  async #readAll(): Promise<void> {
    const timeout = AbortSignal.timeout(this.#policy.refreshTimeout * 1_000)
    const signal = AbortSignal.any([timeout, this.#closing.signal])
    const results = await Promise.allSettled(this.#sources.map((source) => this.#readOne(source, signal)))
    try {
      this.#take(results.flatMap((result) => (result.status === 'fulfilled' ? result.value : [])))
      const failed = results.find((result) => result.status === 'rejected')
      if (failed !== undefined) throw failed.reason
      this.problem = null
    } catch (error) {
      this.problem = error
      throw error
    }
  }

  async #readOne(source: Source, signal: AbortSignal): Promise<Reading> {
    const [wall, elapsed] = [this.#clock.now(), this.#clock.elapsed()]
    // A store may ignore the signal.
    const keys = await untilAborted(source.list(signal), signal)
    const before = this.#shown.get(source)?.shown
    if (before !== undefined && !source.delegates && keys.length === 0 && before.keys.length > 0)
      throw allGone(source, before)
    return { shown: { source, keys }, wall, elapsed }
  }

  /**
   * Merges the reads, as a whole or not at all: keys that cannot be merged must not count as read, because a revocation
   * may be among them.
   *
   * @throws SealwrightError as mergeKeys
   */
  #take(readings: readonly Reading[]): void {
    const arrivals = this.#backdated(readings)
    const seen = new Map([...this.#seen, ...arrivals.map(({ keyId, seenAt }) => [keyId, seenAt] as const)])
    const shown = new Map([
      ...this.#shown,
      ...readings.map((reading) => [reading.shown.source, reading] as const),
    ])
    const inOrder = this.#sources.flatMap((source) => shown.get(source)?.shown ?? [])
    this.keys = mergeKeys(inOrder, this.#revoked, seen, {
      maxDelegates: this.#maxDelegates,
      times: this.#jumps.times(),
    })
    this.#shown = shown
    this.#seen = seen
    for (const arrival of arrivals) this.#listener({ type: 'backdated', ...arrival })
  }

  /** A new key that claims to be older than the last read has a false creation time. */
  #backdated(readings: readonly Reading[]): Omit<Extract<KeyRingEvent, { type: 'backdated' }>, 'type'>[] {
    const known = new Set(
      [...this.#shown.values()].flatMap(({ shown }) => shown.keys.map(({ keyId }) => keyId)),
    )
    const { listingDelay, clockSkew } = this.#policy
    return readings.flatMap(({ shown: { source, keys }, wall }) => {
      const before = this.#shown.get(source)
      if (before === undefined || source.delegates) return []
      const possible = before.wall - (listingDelay + clockSkew) * 1_000
      return keys.flatMap(({ keyId, createdAt, location }) => {
        const claimed = source.createdAt ?? createdAt
        if (known.has(keyId) || (claimed !== null && claimed.getTime() >= possible)) return []
        known.add(keyId)
        return [{ keyId, location, createdAt: claimed, seenAt: new Date(wall) }]
      })
    })
  }
}

/** Far more often an accident, such as a certificate that was deleted or a volume that is not mounted, than a revocation. */
function allGone({ location }: Source, { keys }: SourceKeys): SealwrightError {
  return new SealwrightError(
    'NOT_FOUND',
    `${keys.length === 1 ? 'the only key' : `all ${keys.length} versions`} of ${location} disappeared; restore them. ` +
      'To revoke a key, disable it instead of deleting it',
  )
}
