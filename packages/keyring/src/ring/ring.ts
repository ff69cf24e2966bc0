import { SealwrightError, type Signer, type SigningKey } from '@sealwright/core'
import { respondWithJwks, type JwksResponse } from './jwks-response.ts'
import type { KeyRingPolicy } from '../policy/policy.ts'
import type { RingClock } from '../timeline/clock.ts'
import { isActive, type Decision, type Moment } from './decision.ts'
import type { RingEventListener } from '../events/events.ts'
import { publishJwks, type KeyAliases, type PublishedJwks } from './jwks.ts'
import type { KeyRing, KeyRingStatus } from './key-ring.ts'
import type { DelegateRegistry } from '../keys/delegates.ts'
import type { KeySet } from '../keys/key-set.ts'
import type { RingKey } from '../keys/ring-keys.ts'
import { Lease, leasedKey, type Span } from './ring-signer.ts'
import type { RingEntry, RingState } from './ring-state.ts'
import type { Rotation } from './rotation.ts'
import type { StateReports } from './state-reports.ts'

/** What a ring is made of. */
export interface RingParts {
  readonly policy: KeyRingPolicy
  readonly algorithms: readonly string[]
  readonly aliases: KeyAliases
  readonly delegates: DelegateRegistry | null
  readonly keySet: KeySet
  readonly decision: Decision
  readonly rotation: Rotation
  readonly reports: StateReports
  readonly clock: RingClock
  readonly listener: RingEventListener
}

/** How long the permission to finish what was begun with a replaced key lasts before it is checked again. Milliseconds. */
const handOverSpan = 100

export class Ring implements KeyRing {
  readonly policy: KeyRingPolicy
  readonly delegates: DelegateRegistry | null
  readonly #parts: RingParts
  readonly #leased = new Map<
    string,
    { readonly ringKey: RingKey; readonly key: SigningKey; readonly lease: Lease }
  >()
  #published: { readonly jwks: PublishedJwks; readonly of: string } | null = null
  /** By the algorithm that was asked for, the keys that sign with it, for as long as a moment lasts. */
  readonly #ready = new Map<string, { readonly moment: Moment; readonly keys: readonly SigningKey[] }>()
  #turn = 0
  #isStale = false
  #isClosed = false
  #timer: NodeJS.Timeout | undefined
  /** By the clock that is never set. Milliseconds. */
  #readNext = 0
  #failures = 0

  constructor(parts: RingParts) {
    this.policy = parts.policy
    this.delegates = parts.delegates
    this.#parts = parts
  }

  signingKey(algorithm?: string): SigningKey {
    const moment = this.#now()
    const asked = algorithm ?? ''
    let ready = this.#ready.get(asked)
    if (ready?.moment !== moment) {
      ready = { moment, keys: this.#keysOf(moment, this.#algorithm(algorithm)) }
      this.#ready.set(asked, ready)
    }
    const { keys } = ready
    // Shards sign in turn.
    const key = keys[keys.length === 1 ? 0 : this.#turn++ % keys.length]
    if (key === undefined)
      throw this.#noSigner(this.#algorithm(algorithm), moment.state, moment.otherwise !== null)
    return key
  }

  signer(algorithm?: string): Signer {
    return this.signingKey(algorithm).signer()
  }

  perKey<T>(make: (key: SigningKey) => T, algorithm?: string): () => T {
    this.#algorithm(algorithm)
    const made = new WeakMap<SigningKey, { readonly value: T }>()
    return () => {
      const key = this.signingKey(algorithm)
      let known = made.get(key)
      if (known === undefined) {
        known = { value: make(key) }
        made.set(key, known)
      }
      return known.value
    }
  }

  jwks(): PublishedJwks {
    const { state, otherwise } = this.#now()
    const entries = otherwise === null ? state.entries : union(state.entries, otherwise.entries)
    const of = entries.map(({ ringKey, state: is }) => `${ringKey.id} ${is}`).join()
    if (this.#published?.of !== of) this.#published = { of, jwks: publishJwks(entries, this.#parts.aliases) }
    return this.#published.jwks
  }

  jwksResponse({ ifNoneMatch }: { readonly ifNoneMatch?: string | undefined } = {}): JwksResponse {
    return respondWithJwks(() => this.jwks(), this.policy.jwksMaxAge, ifNoneMatch)
  }

  status(): KeyRingStatus {
    const { keySet, rotation, decision, clock } = this.#parts
    const age = keySet.age()
    const { state } = decision.look()
    const due = rotation.nextDue(state, clock.now())
    return {
      ready: this.#isReady(),
      age: Number.isFinite(age) ? Math.ceil(age / 1_000) : null,
      problem: keySet.problem,
      keys: state.entries.map(({ ringKey, state: is, algorithms }) => ({
        keyId: ringKey.key.keyId,
        location: ringKey.key.location,
        state: is,
        delegatedBy: ringKey.delegatedBy,
        algorithms,
        createdAt: ringKey.createdAt,
        notAfter: ringKey.notAfter,
      })),
      nextRotation: due === Infinity ? null : new Date(Math.max(due, 0)),
    }
  }

  async refresh(): Promise<void> {
    const { keySet, listener, policy, clock } = this.#parts
    try {
      await keySet.read()
      this.#failures = 0
      // Earlier than the interval rather than later, and not at the same time as the other instances.
      this.#readNext = clock.elapsed() + policy.refreshInterval * (800 + Math.random() * 200)
    } catch (error) {
      this.#failures++
      this.#readNext =
        clock.elapsed() +
        Math.min(policy.refreshInterval * 1_000, 500 * 2 ** this.#failures) * (0.5 + Math.random() / 2)
      const age = Math.ceil(keySet.age() / 1_000)
      listener({ type: 'refresh-failed', error, age, maxSetAge: policy.maxSetAge })
      throw error
    } finally {
      this.#reconsider()
    }
  }

  async rotate(): Promise<void> {
    const { rotation, decision } = this.#parts
    // The new version follows the newest of now.
    await this.refresh()
    const { state } = decision.look()
    const makers = new Set(
      state.lanes.map((lane) => rotation.homeOf(lane)).filter((source) => source !== null),
    )
    for (const source of makers.size === 0 ? [null] : makers) {
      // eslint-disable-next-line no-await-in-loop -- a failure leaves the others as they are
      await rotation.rotate(source, state)
    }
    await this.refresh()
  }

  close(): void {
    this.#isClosed = true
    clearTimeout(this.#timer)
    for (const { lease } of this.#leased.values()) lease.recall()
  }

  /** Begins to read the sources, to make new versions and to report, by itself. */
  start(): void {
    if (this.#isClosed) return
    const { clock, decision, rotation } = this.#parts
    const now = clock.now()
    const { state, otherwise, until } = decision.look()
    const { left } = decision.freshness()
    const turn = this.#mayRotate(otherwise) ? rotation.nextTurn(state, now) : Infinity
    const change = Math.min(until, turn) - now
    const next = Math.min(this.#readNext - clock.elapsed(), change, left > 0 ? left : Infinity)
    // At least 10 ms apart, so that a clock that stands still does not make it spin.
    const wait = Math.min(Math.max(10, next), longestTimer)
    this.#timer = setTimeout(() => void this.#tick().finally(() => this.start()), wait).unref()
  }

  async #tick(): Promise<void> {
    const { clock, decision, rotation } = this.#parts
    this.#reconsider()
    try {
      if (clock.elapsed() >= this.#readNext) await this.refresh()
      if (!this.#mayRotate(decision.look().otherwise)) return
      const made = await rotation.perform(
        () => decision.look().state,
        () => clock.now(),
        () => this.refresh(),
      )
      if (made) await this.refresh()
    } catch {
      // It was reported, and there is a next time.
    }
  }

  /** Not after the clock was set, when what seems to be due may not be, nor while the sources cannot be read. */
  #mayRotate(otherwise: RingState | null): boolean {
    return otherwise === null && this.#parts.keySet.problem === null
  }

  /** Something may have changed: decides anew, and reports what has. */
  #reconsider(): void {
    const { decision, reports, clock, keySet, listener } = this.#parts
    decision.forget()
    for (const { lease } of this.#leased.values()) lease.recall()
    for (const [id, { ringKey }] of this.#leased)
      if (!keySet.keys.some((key) => key.key.keyId === ringKey.key.keyId)) this.#leased.delete(id)
    reports.report(decision.look().state, clock.now())
    const { age, left } = decision.freshness()
    if (left <= 0 && !this.#isStale) listener({ type: 'stale', age: Math.ceil(age / 1_000) })
    this.#isStale = left <= 0
  }

  /** The keys that sign with the algorithm; after the clock was set, those that do so at either time. */
  #keysOf({ state, otherwise }: Moment, algorithm: string | null): SigningKey[] {
    const active = state.lanes.flatMap((lane) =>
      lane.algorithm === algorithm ? (lane.timeline.active ?? []) : [],
    )
    const agreed = otherwise === null ? active : active.filter((key) => isActive(otherwise, key, algorithm))
    return agreed.map((ringKey) => this.#leasedKey(ringKey, algorithm))
  }

  #now(): Moment {
    if (this.#isClosed) throw new SealwrightError('UNAVAILABLE', 'the key ring is closed')
    return this.#parts.decision.now()
  }

  #algorithm(asked: string | undefined): string | null {
    const { algorithms } = this.#parts
    const name = asked ?? algorithms[0] ?? null
    if (name === null || algorithms.includes(name)) return name
    throw new SealwrightError(
      'UNSUPPORTED_ALGORITHM',
      `the key ring was not opened for ${name}; it signs ${algorithms.join(', ') || 'the default of its key'}`,
    )
  }

  /** The same object for a key as long as it is the same key, so that what was made for it can be kept. */
  #leasedKey(ringKey: RingKey, algorithm: string | null): SigningKey {
    const id = `${algorithm ?? ''} ${ringKey.key.keyId}`
    const known = this.#leased.get(id)
    if (
      known?.ringKey.key.version === ringKey.key.version &&
      known.ringKey.key.location === ringKey.key.location
    ) {
      return known.key
    }
    const { keyId } = ringKey.key
    const lease = new Lease(
      () => this.#parts.clock.now(),
      () => this.#permit(keyId, algorithm),
    )
    const key = leasedKey(ringKey.key, algorithm, lease)
    this.#leased.set(id, { ringKey, key, lease })
    return key
  }

  /** While the key is active, and for as long as clocks differ after that, so that a token begun before is finished. */
  #permit(keyId: string, algorithm: string | null): Span {
    const { state, otherwise, from, until } = this.#now()
    const { decision } = this.#parts
    const entry = state.entries.find(({ ringKey }) => ringKey.key.keyId === keyId)
    if (entry !== undefined) {
      const { ringKey } = entry
      if (
        isActive(state, ringKey, algorithm) &&
        (otherwise === null || isActive(otherwise, ringKey, algorithm))
      )
        return { from, until }
      const now = this.#parts.clock.now()
      const isOver = ringKey.notAfter !== null && ringKey.notAfter.getTime() <= now
      if (ringKey.enabled && !isOver && decision.wasActive(ringKey, algorithm))
        return { from: now, until: Math.min(until, now + handOverSpan) }
    }
    throw new SealwrightError(
      'UNAVAILABLE',
      `the key ${keyId} is ${entry?.state ?? 'gone'} and signs no longer; take the signer from the ring for each token`,
      { retryAfter: 1 },
    )
  }

  #noSigner(algorithm: string | null, state: RingState, clockWasSet: boolean): SealwrightError {
    const what = algorithm === null ? 'tokens' : algorithm
    const signs = state.lanes.some((lane) => lane.algorithm === algorithm && lane.timeline.active !== null)
    if (clockWasSet && signs) {
      return new SealwrightError(
        'UNAVAILABLE',
        `the clock was set, and which key signs ${what} depends on the time`,
        {
          retryAfter: 5,
        },
      )
    }
    const starts = state.lanes
      .filter((lane) => lane.algorithm === algorithm)
      .flatMap(({ timeline }) => timeline.versions.filter((each) => each.state === 'announced'))
      .map(({ startsAt }) => startsAt)
    const start = Math.min(...starts)
    if (!Number.isFinite(start)) {
      const states = state.entries.map((entry) => describe(entry, this.#parts.clock.now())).join(', ')
      return new SealwrightError('UNAVAILABLE', `no key may sign ${what} now: ${states || 'there is none'}`)
    }
    return new SealwrightError(
      'UNAVAILABLE',
      `no key may sign ${what} before ${new Date(start).toISOString()}`,
      {
        retryAfter: Math.ceil((start - this.#parts.clock.now()) / 1_000),
      },
    )
  }

  #isReady(): boolean {
    try {
      const { algorithms } = this.#parts
      for (const algorithm of algorithms.length === 0 ? [undefined] : algorithms) this.signingKey(algorithm)
      return true
    } catch {
      return false
    }
  }
}

function describe({ ringKey: { key, notAfter }, state }: RingEntry, now: number): string {
  const hasEnded = notAfter !== null && notAfter.getTime() <= now
  return hasEnded && state !== 'revoked'
    ? `${key.keyId} expired on ${notAfter.toISOString()}`
    : `${key.keyId} is ${state}`
}

/** Node fires longer ones at once. */
const longestTimer = 2 ** 31 - 1

/** What is published at either of two times. */
function union(entries: readonly RingEntry[], others: readonly RingEntry[]): RingEntry[] {
  return entries.map((entry) => {
    const other = others.find(({ ringKey }) => ringKey === entry.ringKey)
    const isHidden = entry.state === 'retired' && other !== undefined && other.state !== 'revoked'
    return isHidden ? other : entry
  })
}
