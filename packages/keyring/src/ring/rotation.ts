import { isSealwrightError, SealwrightError } from '@sealwright/core'
import type { KeyRingPolicy } from '../policy/policy.ts'
import { nextRotation } from '../timeline/rotation-plan.ts'
import { maximumPublishedKeys } from '../policy/policy.ts'
import type { RingEventListener } from '../events/events.ts'
import type { KeySet } from '../keys/key-set.ts'
import { isPublished, type Lane, type RingState } from './ring-state.ts'
import type { Source } from '../keys/sources.ts'

/**
 * Makes new versions when they are due. Every instance does; the one whose turn comes first spares it the others. Each makes
 * the version after the newest that it has seen, and a store refuses all but the first of them.
 */
export class Rotation {
  readonly #sources: readonly Source[]
  readonly #keySet: KeySet
  readonly #policy: KeyRingPolicy
  readonly #listener: RingEventListener
  /** By source: when this instance makes the version that is due, in milliseconds since 1970. */
  readonly #turns = new Map<Source, number>()
  readonly #reported = new Set<number>()

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
      throw new SealwrightError('LIMIT_EXCEEDED', `the JWK Set holds ${published} keys already`)
    }
    if (source?.rotate === null || source === null) {
      throw new SealwrightError(
        'UNSUPPORTED_OPERATION',
        source === null
          ? 'no source of the key ring makes keys; give one `create`'
          : `${source.location} cannot make a new version; add a source with the next key`,
      )
    }
    const key = await source.rotate(this.#keySet.newestIn(source), AbortSignal.timeout(creationTimeout))
    this.#listener({ type: 'created', location: source.location, keyIds: [key.keyId] })
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
      const due = nextRotation(lane.keys, this.#policy, now)
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
      // Another instance was quicker, which the next reading shows.
      if (isSealwrightError(error, 'ALREADY_EXISTS')) return true
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
}

/** For a vault to make a certificate. Milliseconds. */
const creationTimeout = 150_000
