import { evaluateTimeline, type KeyVersion, type KeyRingPolicy } from '../../src/index.ts'

/** Versions of the model, by the second of their creation as the store's clock has it. One may be switched off. */
export interface ModelStore {
  readonly created: readonly number[]
  /** Their ids, which order those of one second. Default in the order of their creation. */
  readonly ids?: readonly string[]
  /** The seconds from which the store shows them, where that is later than their creation: its clock has whole seconds. */
  readonly shownAt?: readonly number[]
  /** The index of the version that is switched off, and the second of real time from which the store shows it so. */
  readonly revoked?: { readonly index: number; readonly at: number }
}

export interface ModelResult {
  /** Token, cache and time of which each was checked. */
  readonly checks: number
  /** Valid tokens that a validator refuses. */
  readonly rejects: number
  /** Valid tokens of a revoked key that a validator accepts later than it should. */
  readonly acceptedAfterRevocation: number
}

/**
 * Plays everything that can happen to one token, at every second: it is signed by an instance with any set of versions
 * that is not too old and any clock, and checked, until it expires by the validator's clock, against a JWK Set that is not
 * too old and was served by any other instance, with any set that is not too old and any clock. An instance has no other
 * state, so these are all interleavings of all instances. It is whole seconds, and real time starts at 0.
 *
 * @param policies what the instances have; with two, each instance may have either
 * @param storeOffset how far the store's clock is ahead; the others are ahead by 0 up to the clock skew
 */
export function play(
  store: ModelStore,
  policies: readonly KeyRingPolicy[],
  storeOffset: number,
  horizon: number,
): ModelResult {
  const skew = Math.max(...policies.map(({ clockSkew }) => clockSkew))
  const leeway = Math.max(...policies.map(({ validatorLeeway }) => validatorLeeway))
  const maxSetAge = Math.max(...policies.map((policy) => policy.maxSetAge))
  const longestToken = Math.max(...policies.map(({ tokenLifetime }) => tokenLifetime))
  const end = horizon + longestToken + leeway + 2 * skew + 1
  const worlds = policies.map((policy) => world(store, policy, storeOffset, end + skew))
  // What some validator may hold at a second: the published keys as bits, each combination once.
  const caches: Set<number>[] = []
  for (let now = 0; now < end; now++) {
    const held = new Set<number>()
    for (const { policy, at } of worlds)
      for (let fetched = Math.max(0, now - policy.jwksMaxAge); fetched <= now; fetched++)
        for (let offset = 0; offset <= skew; offset++)
          for (let age = 0; age <= policy.maxSetAge - policy.listingDelay; age++) {
            const state = at(fetched - age, fetched + offset)
            if (state !== null) held.add(state.published)
          }
    caches.push(held)
  }
  let [checks, rejects, acceptedAfterRevocation] = [0, 0, 0]
  for (const { policy, at } of worlds)
    for (let signed = 0; signed < horizon; signed++)
      for (let offset = 0; offset <= skew; offset++) {
        // A token that was begun just before the switch may be signed with the key of then for as long as clocks differ.
        const keys = new Set<number>()
        for (let age = 0; age <= policy.maxSetAge - policy.listingDelay; age++)
          for (let grace = 0; grace <= policy.clockSkew; grace++) {
            const key = at(signed - age, signed + offset - grace)?.active ?? -1
            // One that it sees to be switched off is not used, however lately that was.
            const revoked = at(signed - age, signed + offset)?.revoked ?? 0
            if (key !== -1 && (revoked & (1 << key)) === 0) keys.add(key)
          }
        const expires = signed + offset + policy.tokenLifetime + leeway
        for (const key of keys)
          // The validator's clock is ahead by 0 at least, so in real time the token lives until `expires`.
          for (let now = signed; now < expires && now < end; now++) {
            const isRevoked = store.revoked?.index === key && now >= store.revoked.at
            for (const held of caches[now] ?? []) {
              checks++
              const isKnown = (held & (1 << key)) !== 0
              if (!isKnown && !isRevoked) rejects++
              if (isKnown && isRevoked && now > (store.revoked?.at ?? 0) + maxSetAge + policy.jwksMaxAge)
                acceptedAfterRevocation++
            }
          }
      }
  return { checks, rejects, acceptedAfterRevocation }
}

interface State {
  readonly active: number
  readonly published: number
  readonly revoked: number
}

/** What an instance with that policy says, whose set was read at a second of real time, and whose clock shows `clock`. */
function world(
  { created, ids, shownAt, revoked }: ModelStore,
  policy: KeyRingPolicy,
  storeOffset: number,
  end: number,
): { policy: KeyRingPolicy; at: (read: number, clock: number) => State | null } {
  const enabled = created.map((second, index) => ({
    ...version(second),
    index,
    id: ids?.[index] ?? String(index),
  }))
  const known = new Map<number, State>()
  return {
    policy,
    at(read, clock) {
      const visible = enabled.filter(
        ({ index }) => (shownAt?.[index] ?? created[index] ?? 0) - storeOffset <= read,
      ).length
      if (visible === 0) return null
      const isRevoked = revoked !== undefined && read >= revoked.at && revoked.index < visible
      const key = ((isRevoked ? 1 : 0) * 8 + visible) * (end + 100) + clock
      let state = known.get(key)
      if (state === undefined) {
        const versions = enabled
          .slice(0, visible)
          .map((each) => (isRevoked && each.index === revoked.index ? { ...each, enabled: false } : each))
        const timeline = evaluateTimeline(versions, policy, clock * 1_000)
        state = {
          active: timeline.active?.index ?? -1,
          published: bits(timeline.versions.filter(({ state: of }) => of !== 'retired' && of !== 'revoked')),
          revoked: bits(timeline.versions.filter(({ state: of }) => of === 'revoked')),
        }
        known.set(key, state)
      }
      return state
    },
  }
}

function version(second: number): KeyVersion {
  return {
    id: String(second),
    createdAt: new Date(second * 1_000),
    notBefore: null,
    notAfter: null,
    enforcesValidity: false,
    enabled: true,
  }
}

function bits(entries: readonly { readonly version: { readonly index: number } }[]): number {
  return entries.reduce((sum, entry) => sum | (1 << entry.version.index), 0)
}

/** Every combination of one value of each list. */
export function combinations<T>(...lists: readonly (readonly T[])[]): T[][] {
  return lists.reduce<T[][]>(
    (heads, list) => heads.flatMap((head) => list.map((each) => [...head, each])),
    [[]],
  )
}
