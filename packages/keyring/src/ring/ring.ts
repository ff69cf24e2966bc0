import { SealwrightError, type Signer, type SigningKey } from '@sealwright/core'
import { respondWithJwks, type JwksResponse } from './jwks-response.ts'
import { longestTimer, type KeyRingPolicy } from '../policy/policy.ts'
import type { RingClock } from '../timeline/clock.ts'
import { isActive, type Decision, type Moment } from './decision.ts'
import type { RingEventListener } from '../events/events.ts'
import { publishJwks, type KeyAliases, type PublishedJwks } from './jwks.ts'
import type { KeyRevocation, KeyRevocationCost, KeyRing, KeyRingStatus } from './key-ring.ts'
import type { DelegateRegistry } from '../keys/delegates.ts'
import type { KeySet } from '../keys/key-set.ts'
import { oncePerKey } from '../keys/per-key.ts'
import { LeasedKeys } from './leased-keys.ts'
import { noSigner } from './no-signer.ts'
import type { Span } from './ring-signer.ts'
import { dateOf, publishedAlgorithms, union, type RingState } from './ring-state.ts'
import { revocationCost, revoke, type Rotation } from './rotation.ts'
import type { StateReports } from './state-reports.ts'

/** The parts of a ring. */
export interface RingParts {
  readonly policy: KeyRingPolicy
  readonly algorithms: readonly string[]
  readonly aliases: KeyAliases
  readonly delegates: DelegateRegistry | null
  readonly maxDelegates: number
  readonly keySet: KeySet
  readonly decision: Decision
  readonly rotation: Rotation
  readonly reports: StateReports
  readonly clock: RingClock
  readonly listener: RingEventListener
}

/** How long the permission to finish what was begun with a replaced key lasts before it is checked again. Milliseconds. */
const handOverSpan = 100

/**
 * The longest wait between the end of one read and the next while the set is too old, in milliseconds. Nothing is signed or
 * served then, so the refresh interval would be too long. A reading that hangs ends after `refreshTimeout`.
 */
const staleRetryInterval = 25_000

export class Ring implements KeyRing {
  readonly policy: KeyRingPolicy
  readonly delegates: DelegateRegistry | null
  readonly maxDelegates: number
  readonly #parts: RingParts
  readonly #leased: LeasedKeys
  #published: { readonly jwks: PublishedJwks; readonly of: string } | null = null
  /** By the algorithm that was asked for, the keys that sign with it, for as long as a moment lasts. */
  readonly #ready = new Map<string, { readonly moment: Moment; readonly keys: readonly SigningKey[] }>()
  #turn = 0
  #isStale = false
  /** Why there is no JWK Set for the current keys; null when there is one. */
  #jwksProblem: unknown = null
  #isClosed = false
  #isRotating = false
  #timer: NodeJS.Timeout | undefined
  /** By the clock that is never set. Milliseconds. */
  #readNext = 0
  #failures = 0

  constructor(parts: RingParts) {
    this.policy = parts.policy
    this.delegates = parts.delegates
    this.maxDelegates = parts.maxDelegates
    this.#parts = parts
    this.#leased = new LeasedKeys(
      () => parts.clock.now(),
      (keyId, algorithm) => this.#permit(keyId, algorithm),
    )
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
    if (key === undefined) throw noSigner(this.#algorithm(algorithm), moment, this.#parts.clock.now())
    return key
  }

  signer(algorithm?: string): Signer {
    return this.signingKey(algorithm).signer()
  }

  perKey<T>(make: (key: SigningKey) => T, algorithm?: string): () => T {
    this.#algorithm(algorithm)
    return oncePerKey(() => this.signingKey(algorithm), make)
  }

  jwks(): PublishedJwks {
    return this.#publish(this.#now())
  }

  #publish({ state, otherwise }: Moment): PublishedJwks {
    const entries = otherwise === null ? state.entries : union(state.entries, otherwise.entries)
    const of = entries.map(({ ringKey, state: is }) => `${ringKey.id} ${is}`).join()
    if (this.#published?.of !== of) this.#published = { of, jwks: publishJwks(entries, this.#parts.aliases) }
    return this.#published.jwks
  }

  /** @throws SealwrightError `INVALID_ARGUMENT` for aliases that clash, `LIMIT_EXCEEDED` for too many keys */
  checkJwks(): void {
    this.#publish(this.#parts.decision.look())
  }

  jwksResponse({ ifNoneMatch }: { readonly ifNoneMatch?: string | undefined } = {}): JwksResponse {
    return respondWithJwks(() => this.jwks(), this.policy.jwksMaxAge, ifNoneMatch)
  }

  status(): KeyRingStatus {
    const { keySet, rotation, decision, clock } = this.#parts
    const { state } = decision.look()
    const due = rotation.nextDue(state, clock.now())
    return {
      ready: this.#isReady(),
      age: this.#age(),
      problem: keySet.problem ?? this.#jwksProblem,
      algorithms: publishedAlgorithms(state.entries),
      keys: state.entries.map(({ ringKey, state: is, algorithms, times }) => ({
        keyId: ringKey.key.keyId,
        location: ringKey.key.location,
        state: is,
        delegatedBy: ringKey.delegatedBy,
        algorithms,
        createdAt: ringKey.createdAt,
        notAfter: ringKey.notAfter,
        signsFrom: dateOf(Math.max(times.startsAt, ringKey.createdAt?.getTime() ?? -Infinity)),
        signsUntil: is === 'revoked' ? null : dateOf(times.stopsAt),
        publishedUntil: is === 'revoked' ? null : dateOf(times.leavesAt),
      })),
      nextRotation: due === Infinity ? null : new Date(due === -Infinity ? clock.now() : due),
    }
  }

  async refresh(): Promise<void> {
    const { keySet, listener, policy, clock } = this.#parts
    this.#checkOpen()
    try {
      await keySet.read()
      this.#checkOpen()
      this.#failures = 0
      // Earlier than the interval rather than later, and not at the same time as the other instances.
      this.#readNext = clock.elapsed() + policy.refreshInterval * (800 + Math.random() * 200)
    } catch (error) {
      this.#checkOpen()
      this.#failures++
      const wait = Math.min(this.#longestRetryInterval(), 500 * 2 ** this.#failures)
      this.#readNext = clock.elapsed() + wait * (0.5 + Math.random() / 2)
      listener({ type: 'refresh-failed', error, age: this.#age(), maxSetAge: policy.maxSetAge })
      throw error
    } finally {
      if (!this.#isClosed) this.#reconsider()
    }
  }

  async rotate(): Promise<void> {
    const { rotation, decision } = this.#parts
    // The new version follows the newest one that exists now.
    await this.refresh()
    const { state } = decision.look()
    const makers = new Set(
      state.lanes.map((lane) => rotation.homeOf(lane)).filter((source) => source !== null),
    )
    for (const source of makers.size === 0 ? [null] : makers) {
      this.#checkOpen()
      // eslint-disable-next-line no-await-in-loop -- a failure leaves the others as they are
      await rotation.rotate(source, state)
    }
    await this.refresh()
  }

  revoke(keyId: string): Promise<KeyRevocation> {
    return revoke(keyId, this.#parts, () => this.refresh())
  }

  revocationCost(keyId: string): KeyRevocationCost {
    return revocationCost(keyId, this.#parts)
  }

  close(): void {
    this.#isClosed = true
    clearTimeout(this.#timer)
    this.#parts.keySet.close()
    this.#leased.recall([])
  }

  /** Starts the timers that read the sources, create new versions and report events. */
  start(): void {
    clearTimeout(this.#timer)
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
    const { clock, decision } = this.#parts
    this.#reconsider()
    // It may have been set while the set was young enough.
    this.#readNext = Math.min(this.#readNext, clock.elapsed() + this.#longestRetryInterval())
    try {
      // A clock that was set makes a set too old that was just read. After a failure, the next read is already scheduled.
      const isOld = decision.freshness().left <= 0 && this.#failures === 0
      if (isOld || clock.elapsed() >= this.#readNext) await this.refresh()
      // Not awaited: a store may take minutes, in which the set must stay young.
      void this.#rotateWhenDue()
    } catch {
      // It was reported, and there is a next time; a ring that was closed meanwhile goes no further.
    }
  }

  async #rotateWhenDue(): Promise<void> {
    const { clock, decision, rotation } = this.#parts
    if (!this.#mayRotate(decision.look().otherwise)) return
    this.#isRotating = true
    try {
      const made = await rotation.perform(
        () => decision.look().state,
        () => clock.now(),
        () => this.refresh(),
      )
      if (made) await this.refresh()
    } catch {
      // As above.
    } finally {
      this.#isRotating = false
      this.start()
    }
  }

  /** In milliseconds. */
  #longestRetryInterval(): number {
    const { decision, policy } = this.#parts
    const interval = policy.refreshInterval * 1_000
    return decision.freshness().left > 0 ? interval : Math.min(interval, staleRetryInterval)
  }

  /** Once at a time; not after the clock was set, when nothing is surely due, nor while the sources cannot be read. */
  #mayRotate(otherwise: RingState | null): boolean {
    return !this.#isRotating && otherwise === null && this.#parts.keySet.problem === null
  }

  /** Something may have changed: decides anew, and reports what has. */
  #reconsider(): void {
    const { decision, reports, clock, keySet, listener } = this.#parts
    decision.forget()
    this.#leased.recall(keySet.keys)
    reports.report(decision.look().state, clock.now())
    this.#reportJwks()
    const { left } = decision.freshness()
    if (left <= 0 && !this.#isStale) listener({ type: 'stale', age: this.#age() })
    this.#isStale = left <= 0
  }

  #reportJwks(): void {
    const before = this.#jwksProblem
    this.#jwksProblem = null
    try {
      this.checkJwks()
    } catch (error) {
      this.#jwksProblem = error
      if (before === null) this.#parts.listener({ type: 'jwks-failed', error })
    }
  }

  /** Of the set of keys, in seconds; null before the first reading. */
  #age(): number | null {
    const age = this.#parts.keySet.age()
    return Number.isFinite(age) ? Math.ceil(age / 1_000) : null
  }

  /** The keys that sign with the algorithm; after the clock was set, those that do so at either time. */
  #keysOf({ state, otherwise }: Moment, algorithm: string | null): SigningKey[] {
    const active = state.lanes.flatMap((lane) =>
      lane.algorithm === algorithm ? (lane.timeline.active ?? []) : [],
    )
    const agreed = otherwise === null ? active : active.filter((key) => isActive(otherwise, key, algorithm))
    return agreed.map((ringKey) => this.#leased.get(ringKey, algorithm))
  }

  #now(): Moment {
    this.#checkOpen()
    return this.#parts.decision.now()
  }

  #checkOpen(): void {
    if (this.#isClosed) throw new SealwrightError('UNAVAILABLE', 'the key ring is closed')
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
      `the key ${keyId} no longer signs (state: ${entry?.state ?? 'gone'}); call ring.signer() for each token`,
      { retryAfter: 1 },
    )
  }

  #isReady(): boolean {
    try {
      const { algorithms } = this.#parts
      this.jwks()
      for (const algorithm of algorithms.length === 0 ? [undefined] : algorithms) this.signingKey(algorithm)
      return true
    } catch {
      return false
    }
  }
}
