import type { KeyRingPolicy } from '../policy/policy.ts'
import type { VersionState } from '../timeline/key-version.ts'
import type { RingEventListener } from '../events/events.ts'
import { isPublished, type Lane, type RingState } from './ring-state.ts'

/** Reports changes since the last look to the listener. */
export class StateReports {
  readonly #policy: KeyRingPolicy
  readonly #listener: RingEventListener
  readonly #states = new Map<string, { readonly state: VersionState; readonly location: string }>()
  /** By algorithm and shard, the key that signed last and what was alarming about it. */
  readonly #lanes = new Map<string, { readonly keyId: string | null; readonly alarm: string | null }>()
  readonly #undated = new Set<string>()

  constructor(policy: KeyRingPolicy, listener: RingEventListener) {
    this.#policy = policy
    this.#listener = listener
  }

  report(state: RingState, now: number): void {
    const published = new Set([...this.#states].filter(([, of]) => isPublished(of)).map(([keyId]) => keyId))
    const present = new Set<string>()
    for (const { ringKey, state: to } of state.entries) {
      const { keyId, location } = ringKey.key
      present.add(keyId)
      const from = this.#states.get(keyId)?.state ?? null
      if (from !== to) this.#listener({ type: 'state', keyId, location, from, to })
      this.#states.set(keyId, { state: to, location })
      if (ringKey.createdAt === null && ringKey.signs && !this.#undated.has(keyId)) {
        this.#undated.add(keyId)
        this.#listener({ type: 'cannot-announce', keyId, location })
      }
    }
    for (const [keyId, { state: from, location }] of this.#states)
      if (!present.has(keyId)) {
        this.#states.delete(keyId)
        this.#listener({ type: 'state', keyId, location, from, to: null })
      }
    for (const lane of state.lanes) this.#reportLane(lane, { now, published, present })
  }

  #reportLane(
    { algorithm, shard, timeline }: Lane,
    seen: { now: number; published: ReadonlySet<string>; present: ReadonlySet<string> },
  ): void {
    const id = `${algorithm ?? ''} ${shard}`
    const before = this.#lanes.get(id)
    const keyId = timeline.active?.key.keyId ?? null
    const alarm = this.#alarmOf(keyId, timeline.alarm?.reason ?? null, before?.keyId ?? null, seen)
    this.#lanes.set(id, { keyId, alarm: before?.keyId === keyId ? (alarm ?? before.alarm) : alarm })
    if (keyId === null) {
      if (before === undefined || before.keyId !== null) this.#listener({ type: 'no-signer', algorithm })
      return
    }
    if (alarm === null || (before?.keyId === keyId && before.alarm !== null)) return
    const { maxSetAge, jwksMaxAge, clockSkew } = this.#policy
    const most = maxSetAge + jwksMaxAge + clockSkew
    const until = timeline.alarm?.until ?? null
    const refusedFor = until === null ? most : Math.min(most, Math.ceil((until - seen.now) / 1_000))
    this.#listener({ type: 'alarm', reason: alarm, keyId, refusedFor })
  }

  #alarmOf(
    keyId: string | null,
    reason: 'unannounced' | 'reactivated' | null,
    before: string | null,
    seen: { published: ReadonlySet<string>; present: ReadonlySet<string> },
  ): 'unannounced' | 'reactivated' | 'vanished' | null {
    if (keyId === null) return null
    // One that this instance has published all the time is known.
    if (reason === 'reactivated') return seen.published.has(keyId) ? null : reason
    if (reason !== null) return reason
    const hasVanished = before !== null && !seen.present.has(before)
    return hasVanished && !seen.published.has(keyId) ? 'vanished' : null
  }
}
