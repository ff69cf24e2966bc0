import { SealwrightError } from '@sealwright/core'
import type { KeyRingPolicy } from '../policy/policy.ts'
import { JumpGuard, type RingClock } from '../timeline/clock.ts'
import type { KeySet } from '../keys/key-set.ts'
import type { RingKey } from '../keys/ring-keys.ts'
import { ringStateAt, type RingState } from './ring-state.ts'
import type { Span } from './ring-signer.ts'

/** What holds for a while. */
export interface Moment extends Span {
  readonly state: RingState
  /** After the clock was set, the state at the other time that it may be. */
  readonly otherwise: RingState | null
}

/** How long to trust in the clock before looking whether it was set. Milliseconds. */
const longestMoment = 60_000
const momentAfterJump = 1_000

/** Decides the state of each key, and caches it for as long as it holds. */
export class Decision {
  readonly #keySet: KeySet
  readonly #policy: KeyRingPolicy
  readonly #algorithms: readonly string[]
  readonly #clock: RingClock
  readonly #onJump: (seconds: number) => void
  readonly #jumps: JumpGuard
  #moment: Moment | null = null
  #hasJumped = false

  constructor(
    keySet: KeySet,
    policy: KeyRingPolicy,
    algorithms: readonly string[],
    clock: RingClock,
    onJump: (seconds: number) => void,
  ) {
    this.#keySet = keySet
    this.#policy = policy
    this.#algorithms = algorithms
    this.#clock = clock
    this.#onJump = onJump
    this.#jumps = new JumpGuard(clock, policy.clockSkew * 1_000, policy.maxSetAge * 1_000)
  }

  /** @throws SealwrightError `UNAVAILABLE` when the set of keys is too old */
  now(): Moment {
    const now = this.#clock.now()
    const known = this.#moment
    if (known !== null && now >= known.from && now < known.until) return known
    this.#moment = this.#decide()
    return this.#moment
  }

  /** As {@link now}, also from a set that is too old to sign with or to serve. */
  look(): Moment {
    const [now, other] = this.#jumps.times()
    this.#reportJump(other === undefined ? 0 : now - other)
    const state = this.#stateAt(now)
    if (other === undefined)
      return { state, otherwise: null, from: now, until: Math.min(state.until, now + longestMoment) }
    const otherwise = this.#stateAt(other)
    const lasts = Math.min(state.until - now, otherwise.until - other, momentAfterJump)
    return { state, otherwise, from: now, until: now + lasts }
  }

  /** The state now if the key were revoked. */
  lookWithout(keyId: string): RingState {
    const keys = this.#keySet.keys.map((each) =>
      each.key.keyId === keyId ? { ...each, enabled: false } : each,
    )
    return ringStateAt(keys, this.#policy, this.#algorithms, this.#clock.now())
  }

  /** What the key is at the other time, or was when tokens of just now were begun. */
  wasActive(ringKey: RingKey, algorithm: string | null): boolean {
    const before = this.#policy.clockSkew * 1_000
    return this.#jumps
      .times()
      .every((time) =>
        [time, time - before].some((each) => isActive(this.#stateAt(each), ringKey, algorithm)),
      )
  }

  /** The sources have been read: decide anew. */
  forget(): void {
    this.#moment = null
  }

  /** How old the set of keys is, in milliseconds, and how old it may be. */
  freshness(): { readonly age: number; readonly left: number } {
    const age = this.#keySet.age()
    return { age, left: this.#policy.maxSetAge * 1_000 - age }
  }

  #decide(): Moment {
    const { age, left } = this.freshness()
    if (left <= 0) {
      throw new SealwrightError(
        'UNAVAILABLE',
        Number.isFinite(age)
          ? `the keys of the ring are ${Math.ceil(age / 1_000)} s old; it stops signing and serving keys after ${this.#policy.maxSetAge} s`
          : 'the key ring has not read its sources yet',
        { retryAfter: Math.min(this.#policy.refreshInterval, 5), cause: this.#keySet.problem },
      )
    }
    const moment = this.look()
    return { ...moment, until: Math.min(moment.until, moment.from + left) }
  }

  #stateAt(time: number): RingState {
    return ringStateAt(this.#keySet.keys, this.#policy, this.#algorithms, time)
  }

  #reportJump(by: number): void {
    if (by !== 0 && !this.#hasJumped) this.#onJump(Math.round(by / 1_000))
    this.#hasJumped = by !== 0
  }
}

export function isActive(state: RingState, ringKey: RingKey, algorithm: string | null): boolean {
  return state.lanes.some((lane) => lane.algorithm === algorithm && lane.timeline.active === ringKey)
}
