import type { KeyRingPolicy } from '../policy/policy.ts'
import { timelineOf } from '../timeline/timeline.ts'
import type { Timeline, TimelineEntry, VersionState } from '../timeline/key-version.ts'
import type { RingKey } from '../keys/ring-keys.ts'

/** Keys of which one signs at a time. */
export interface Lane {
  /** The JOSE `alg` they sign; null for the default of each. */
  readonly algorithm: string | null
  readonly shard: string
  readonly keys: readonly RingKey[]
  readonly timeline: Timeline<RingKey>
}

/** A key and what it is used for. */
export interface RingEntry {
  readonly ringKey: RingKey
  readonly state: VersionState
  /** The `alg`s it signs, has signed or will sign. */
  readonly algorithms: readonly string[]
  /** In milliseconds since 1970, or ±Infinity. */
  readonly times: EntryTimes
}

/** When a key signs and is published: see {@link TimelineEntry}. */
type EntryTimes = Pick<TimelineEntry, 'startsAt' | 'stopsAt' | 'leavesAt'>

/** The state of a ring at one time. */
export interface RingState {
  readonly lanes: readonly Lane[]
  readonly entries: readonly RingEntry[]
  /** When any of it may change, in milliseconds since 1970. */
  readonly until: number
}

/** From the most to the least that a key of several lanes can be. */
const states: readonly VersionState[] = ['active', 'announced', 'retiring', 'retired', 'revoked']

/** As they are listed. */
const listed: readonly VersionState[] = ['active', 'retiring', 'announced', 'retired', 'revoked']

/** The states of all keys: each algorithm and each shard has a timeline of its own. */
export function ringStateAt(
  keys: readonly RingKey[],
  policy: KeyRingPolicy,
  algorithms: readonly string[],
  now: number,
): RingState {
  const issuerSince = Math.min(...keys.map(({ createdAt }) => createdAt?.getTime() ?? -Infinity))
  const signing = keys.filter(({ signs }) => signs)
  const shards = [...new Set(signing.map(({ shard }) => shard))]
  const names = algorithms.length === 0 ? [null] : algorithms
  const lanes = names.flatMap((algorithm) =>
    shards.flatMap((shard): Lane[] => {
      const ofLane = signing.filter((key) => key.shard === shard && canSign(key, algorithm))
      if (ofLane.length === 0) return []
      return [{ algorithm, shard, keys: ofLane, timeline: timelineOf(ofLane, policy, now, issuerSince) }]
    }),
  )
  const entries = keys.map((ringKey): RingEntry => {
    if (!ringKey.signs) {
      const leavesAt = ringKey.notAfter?.getTime() ?? Infinity
      const times = { startsAt: Infinity, stopsAt: Infinity, leavesAt }
      return { ringKey, state: stateOfPublished(ringKey, now), algorithms: [], times }
    }
    const found = lanes.flatMap(({ algorithm, timeline }) => {
      const entry = timeline.versions.find(({ version }) => version === ringKey)
      return entry === undefined
        ? []
        : [{ ...entry, algorithm: algorithm ?? ringKey.key.algorithms[0]?.name }]
    })
    const state = states.find((each) => found.some((entry) => entry.state === each)) ?? 'retired'
    const times = {
      startsAt: Math.min(...found.map(({ startsAt }) => startsAt)),
      stopsAt: Math.max(...found.map(({ stopsAt }) => stopsAt)),
      leavesAt: Math.max(...found.map(({ leavesAt }) => leavesAt)),
    }
    const signed = new Set(found.flatMap(({ algorithm }) => algorithm ?? []))
    return { ringKey, state, algorithms: [...signed], times }
  })
  const sorted = entries.toSorted((a, b) => compareEntries(a, b, algorithms))
  const ends = keys.map(({ notAfter }) => notAfter?.getTime() ?? Infinity).filter((end) => end > now)
  return { lanes, entries: sorted, until: Math.min(...lanes.map(({ timeline }) => timeline.until), ...ends) }
}

/** Whether verifiers find the key in the JWK Set. */
export function isPublished({ state }: Pick<RingEntry, 'state'>): boolean {
  return state === 'announced' || state === 'active' || state === 'retiring'
}

/** null for a time that is not known: ±Infinity. */
export function dateOf(time: number): Date | null {
  return Number.isFinite(time) ? new Date(time) : null
}

/** What is published at either of two times. */
export function union(entries: readonly RingEntry[], others: readonly RingEntry[]): RingEntry[] {
  return entries.map((entry) => {
    const other = others.find(({ ringKey }) => ringKey === entry.ringKey)
    const isHidden = entry.state === 'retired' && other !== undefined && other.state !== 'revoked'
    return isHidden ? other : entry
  })
}

/** The algorithms of the tokens that verifiers verify with these keys, each once. */
export function publishedAlgorithms(entries: readonly RingEntry[]): readonly string[] {
  const names = entries.filter(isPublished).flatMap(({ ringKey: { key }, algorithms }) =>
    // A key that the ring does not sign with is another signer's, such as a delegate's.
    algorithms.length > 0 ? algorithms : key.algorithms.map(({ name }) => name),
  )
  return [...new Set(names)]
}

/**
 * Keys that sign come first, for clients that take the first key they find; among them the default algorithm, and the
 * newest.
 */
function compareEntries(a: RingEntry, b: RingEntry, algorithms: readonly string[]): number {
  const rank = ({ algorithms: of }: RingEntry): number => algorithms.indexOf(of[0] ?? '')
  const time = ({ ringKey }: RingEntry): number => ringKey.createdAt?.getTime() ?? -Infinity
  return (
    listed.indexOf(a.state) - listed.indexOf(b.state) || rank(a) - rank(b) || (time(a) < time(b) ? 1 : -1)
  )
}

/** A key that never signs is published until it ends or is taken out. */
function stateOfPublished({ enabled, notAfter }: RingKey, now: number): VersionState {
  if (!enabled) return 'revoked'
  return notAfter !== null && notAfter.getTime() <= now ? 'retired' : 'retiring'
}

function canSign({ key }: RingKey, algorithm: string | null): boolean {
  if (algorithm === null) return key.algorithms.length > 0
  return key.algorithms.some(({ name }) => name === algorithm)
}
