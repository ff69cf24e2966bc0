import type { KeyRevocation, KeyRevocationCost } from './key-ring.ts'
import type { Decision } from './decision.ts'
import type { RingClock } from '../timeline/clock.ts'
import { isSealwrightError, SealwrightError } from '@sealwright/core'
import { maximumPublishedKeys, type KeyRingPolicy } from '../policy/policy.ts'
import { rotationDue } from '../timeline/rotation-plan.ts'
import type { RingEventListener } from '../events/events.ts'
import type { KeySet } from '../keys/key-set.ts'
import { isPublished, type Lane, type RingState } from './ring-state.ts'
import type { RingKey } from '../keys/ring-keys.ts'
import { inTime, type Source } from '../keys/sources.ts'

/**
 * Creates new versions when they are due. Every instance does this at a random time, so the first one usually saves the
 * others the work. Each creates the version after the newest that it has seen, and the store refuses all but the first.
 */
export class Rotation {
  readonly #sources: readonly Source[]
  readonly #keySet: KeySet
  readonly #policy: KeyRingPolicy
  readonly #listener: RingEventListener
  /** By source: when this instance creates the due version, in milliseconds since 1970. */
  readonly #turns = new Map<Source, number>()
  readonly #reported = new Set<number>()
  /** By source: the newest version that was known when the store refused to let another one follow it. */
  readonly #refused = new Map<Source, string | undefined>()

  constructor(
    sources: readonly Source[],
    keySet: KeySet,
    policy: KeyRingPolicy,
    listener: RingEventListener,
  ) {
    this.#sources = sources
    this.#keySet = keySet
    this.#policy = policy
    this.#listener = listener
  }

  /** When the next version is due, in milliseconds since 1970; Infinity for never. */
  nextDue(state: RingState, now: number): number {
    return Math.min(...this.#plans(state, now).map(({ due }) => due), Infinity)
  }

  /** When this instance has something to do, in milliseconds since 1970: a due version's turn comes at random. */
  nextTurn(state: RingState, now: number): number {
    return Math.min(
      ...this.#plans(state, now).map(({ due, source }) => this.#turnOf(source, due, now)),
      Infinity,
    )
  }

  /**
   * Makes what is due and whose turn has come.
   *
   * @param read reads the sources, so that nothing is made that another instance has just made
   * @returns whether anything was made
   */
  async perform(stateNow: () => RingState, now: () => number, read: () => Promise<void>): Promise<boolean> {
    const isTheirTurn = (): { source: Source | null; due: number }[] =>
      this.#plans(stateNow(), now()).filter(({ source, due }) => this.#turnOf(source, due, now()) <= now())
    if (isTheirTurn().length === 0) return false
    await read()
    const plans = isTheirTurn()
    const made = await Promise.all(
      plans.map(({ source, due }) => this.#attempt(source, due, stateNow(), now())),
    )
    return made.includes(true)
  }

  /** @throws SealwrightError `UNSUPPORTED_OPERATION`, `LIMIT_EXCEEDED`; or what the store throws */
  async rotate(source: Source | null, state: RingState): Promise<void> {
    const published = state.entries.filter(isPublished).length
    if (published >= maximumPublishedKeys) {
      throw new SealwrightError('LIMIT_EXCEEDED', `the JWK Set already holds ${published} keys`)
    }
    if (source?.rotate === null || source === null) {
      throw new SealwrightError(
        'UNSUPPORTED_OPERATION',
        source === null
          ? 'no source of the key ring creates keys; set `create` on one'
          : `${source.location} cannot create a new version; add a source with the next key`,
      )
    }
    const { rotate, location } = source
    const newest = this.#keySet.newestIn(source)
    const key = await inTime(`creating a version of ${location}`, (signal) => rotate(newest, signal))
    this.#listener({ type: 'created', location, keyIds: [key.keyId] })
  }

  /** The source that makes the keys of a lane. */
  homeOf({ shard, keys }: Pick<Lane, 'shard' | 'keys'>): Source | null {
    const makers = this.#sources.filter((source) => source.shard === shard && source.signs && source.creates)
    return makers.find((source) => keys.some((key) => key.sources.includes(source))) ?? null
  }

  #plans(state: RingState, now: number): { source: Source | null; due: number }[] {
    const plans = new Map<Source | null, number>()
    for (const lane of state.lanes) {
      const source = this.homeOf(lane)
      const due = rotationDue(lane.keys, this.#policy, now)
      plans.set(source, Math.min(plans.get(source) ?? Infinity, due))
    }
    return [...plans].map(([source, due]) => ({ source, due }))
  }

  #turnOf(source: Source | null, due: number, now: number): number {
    // Nothing makes keys, which is said once for each version.
    if (source === null) return this.#reported.has(due) ? Infinity : due
    if (due > now) {
      this.#turns.delete(source)
      return due
    }
    const turn = this.#turns.get(source) ?? now + Math.random() * this.#policy.refreshInterval * 1_000
    this.#turns.set(source, turn)
    return turn
  }

  async #attempt(source: Source | null, due: number, state: RingState, now: number): Promise<boolean> {
    try {
      await this.rotate(source, state)
      return true
    } catch (error) {
      // Another instance was faster, which the next read shows. When it does not, no version will ever be made.
      if (isSealwrightError(error, 'ALREADY_EXISTS') && !this.#isStuck(source)) return true
      if (source === null) this.#reported.add(due)
      const dueAt = new Date(Number.isFinite(due) ? due : now)
      this.#listener({
        type: 'rotation-failed',
        location: source?.location ?? 'the key ring',
        dueAt,
        error,
      })
      return false
    } finally {
      if (source !== null) this.#turns.set(source, now + this.#policy.refreshInterval * 1_000)
    }
  }

  /** Whether the store has refused the same before. */
  #isStuck(source: Source | null): boolean {
    if (source === null) return false
    const newest = this.#keySet.newestIn(source)
    const isStuck = this.#refused.has(source) && this.#refused.get(source) === newest
    this.#refused.set(source, newest)
    return isStuck
  }
}

/** The parts of a ring that a revocation needs. */
interface Revoking {
  readonly keySet: KeySet
  readonly rotation: Rotation
  readonly decision: Decision
  readonly clock: RingClock
  readonly policy: KeyRingPolicy
}

/** Disables a key, after a successor was created for each lane that needs one, so that the issuer is never without a key. */
export async function revoke(
  keyId: string,
  parts: Revoking,
  refresh: () => Promise<void>,
): Promise<KeyRevocation> {
  const { keySet, rotation, decision } = parts
  await refresh()
  const holders = holdersThatDisable(keyId, keySet)
  const { state } = decision.look()
  const needs = lanesInNeed(keyId, state, decision.lookWithout(keyId))
  // One key can serve several lanes.
  for (const home of new Set(needs.map(({ lane }) => rotation.homeOf(lane)))) {
    // eslint-disable-next-line no-await-in-loop -- the key goes only after each lane has another
    if (home !== null) await rotation.rotate(home, state)
  }
  for (const { source, versions } of holders)
    for (const version of versions)
      // eslint-disable-next-line no-await-in-loop -- one place is enough; the others follow
      await inTime(`disabling the version ${version} of ${source.location}`, async () =>
        source.disable?.(version),
      )
  await refresh()
  return costOf(keyId, decision.look().state, parts)
}

/** @throws SealwrightError `NOT_FOUND`, `UNSUPPORTED_OPERATION` */
export function revocationCost(keyId: string, parts: Revoking): KeyRevocationCost {
  const { keySet, decision, clock, policy } = parts
  holdersThatDisable(keyId, keySet)
  const { state } = decision.look()
  const after = decision.lookWithout(keyId)
  const needs = lanesInNeed(keyId, state, after)
  const cost = costOf(keyId, after, parts)
  // A new key that takes over at once signs without announcement.
  const announced = needs.some(({ next }) => next === null) ? clock.now() + policy.announcement * 1_000 : 0
  const until = Math.max(announced, cost.refusedUntil?.getTime() ?? 0)
  return { ...cost, refusedUntil: until === 0 ? null : new Date(until), needsSuccessor: needs.length > 0 }
}

/**
 * The sources that have a key and can disable it.
 *
 * @throws SealwrightError `NOT_FOUND` if no source has it, `UNSUPPORTED_OPERATION` if none can disable it
 */
function holdersThatDisable(keyId: string, keySet: KeySet): ReturnType<KeySet['holdersOf']> {
  const holders = keySet.holdersOf(keyId)
  if (holders.length === 0) throw noSuchKey()
  const able = holders.filter(({ source }) => source.disable !== null)
  if (able.length > 0) return able
  const places = holders.map(({ source }) => source.location).join(' and ')
  throw new SealwrightError(
    'UNSUPPORTED_OPERATION',
    `${places} cannot disable keys: list the kid in the option revoked of every instance, or remove the key there`,
  )
}

/**
 * The lanes that the key signs and for which no other key of the JWK Set can take over. Each with the key that would
 * sign next: a retired one, which no verifier has, or null.
 */
function lanesInNeed(
  keyId: string,
  { lanes, entries }: RingState,
  after: RingState,
): { readonly lane: Lane; readonly next: RingKey | null }[] {
  const others = entries.filter((entry) => isPublished(entry) && entry.ringKey.key.keyId !== keyId)
  const published = new Set(others.map(({ ringKey }) => ringKey))
  return lanes.flatMap((lane, index) => {
    if (lane.timeline.active?.key.keyId !== keyId) return []
    const next = after.lanes[index]?.timeline.active ?? null
    return next !== null && lane.keys.some((key) => published.has(key)) ? [] : [{ lane, next }]
  })
}

function costOf(keyId: string, { lanes }: RingState, { clock, policy }: Revoking): KeyRevocation {
  const now = clock.now()
  const { maxSetAge, jwksMaxAge, clockSkew } = policy
  const latest = now + (maxSetAge + jwksMaxAge + clockSkew) * 1_000
  const alarms = lanes.flatMap(({ timeline: { alarm } }) => (alarm === null ? [] : (alarm.until ?? latest)))
  return {
    keyId,
    acceptedUntil: new Date(now + (maxSetAge + jwksMaxAge) * 1_000),
    signing: lanes.flatMap(({ timeline: { active } }) => active?.key.keyId ?? []),
    refusedUntil: alarms.length === 0 ? null : new Date(Math.max(...alarms)),
  }
}

function noSuchKey(): SealwrightError {
  return new SealwrightError('NOT_FOUND', 'the key ring has no key with that kid')
}
