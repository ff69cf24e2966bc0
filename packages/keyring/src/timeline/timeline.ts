import { must, type Check } from '@sealwright/core/internal'
import { keyVersions, type KeyVersion, type Timeline, type VersionState } from './key-version.ts'
import { aTimelinePolicy, type KeyRingPolicy } from '../policy/policy.ts'

/** Milliseconds since 1970. */
export const aTime: Check = must('a number of milliseconds since 1970', Number.isFinite)
/** Infinite for one that is not known. */
const aTimeOrInfinity: Check = must(
  'a number of milliseconds since 1970',
  (value) => typeof value === 'number' && !Number.isNaN(value),
)

/**
 * Decides which versions are announced, active, retiring, retired or revoked. The result depends only on the arguments,
 * so instances that see the same versions agree without a leader or a lock.
 *
 * A version that was created at c starts to sign at c + announcement, or at its notBefore if that is later. If its store
 * enforces the notBefore, it starts at notBefore + clockSkew: a vault whose clock is behind refuses it until then. The first
 * version of an issuer starts at once. A version stays published for `retention` after it last could sign.
 *
 * @param versions in any order
 * @param now milliseconds since 1970
 * @param issuerSince when the issuer's first key was created, if that key is not among `versions`; milliseconds since
 *   1970
 * @throws SealwrightError `INVALID_ARGUMENT` for malformed versions, a policy that is not complete, or a time that is no
 *   number
 *
 * @example
 * ```ts
 * import { evaluateTimeline, keyRingPolicy } from '@sealwright/keyring'
 *
 * const dates = { createdAt: new Date('2030-01-01'), notBefore: null, notAfter: null }
 * const first = { id: 'first', ...dates, enforcesValidity: false, enabled: true }
 * const second = { ...first, id: 'second', createdAt: new Date('2030-04-01') }
 * const { active, versions } = evaluateTimeline([first, second], keyRingPolicy(), Date.parse('2030-04-01T12:00:00Z'))
 * active?.id // first
 * versions[1]?.state // announced
 * ```
 */
export function evaluateTimeline<V extends KeyVersion>(
  versions: readonly V[],
  policy: KeyRingPolicy,
  now: number,
  issuerSince: number = Infinity,
): Timeline<V> {
  keyVersions('versions', versions)
  aTimelinePolicy('policy', policy)
  aTime('now', now)
  aTimeOrInfinity('issuerSince', issuerSince)
  return timelineOf(versions, policy, now, issuerSince)
}

/** As {@link evaluateTimeline}, for what the ring has checked. */
export function timelineOf<V extends KeyVersion>(
  versions: readonly V[],
  policy: KeyRingPolicy,
  now: number,
  issuerSince: number,
): Timeline<V> {
  const retention = policy.retention * 1_000
  const entries = scheduleOf(versions, policy, now, issuerSince)
  // Everything that the choice depends on happens at one of these times.
  const changes = entries.flatMap(({ version, created, start, end }) => [
    created,
    start,
    end,
    time(version.notBefore),
  ])
  const past = [...new Set(changes.filter((each) => each <= now))].toSorted((a, b) => a - b)
  const signedUntil = new Map<V, number>()
  for (const [index, at] of past.entries()) {
    const signing = signerAt(entries, at)
    if (signing !== null) signedUntil.set(signing.version, past[index + 1] ?? Infinity)
  }
  const current = signerAt(entries, now)
  const leaving: number[] = []
  const states = entries.map((entry) => {
    const { version, start, end } = entry
    const isCurrent = version === current?.version
    const isPast = !isCurrent && start <= now
    // A version that was overtaken before its start: another instance, which sees less, may have signed with it.
    const stopsAt = isPast ? (signedUntil.get(version) ?? start) : successionOf(entry, entries, now)
    const leavesAt = Math.min(stopsAt + retention, end)
    if (isPast && leavesAt > now) leaving.push(leavesAt)
    return { version, state: stateOf(), startsAt: start, stopsAt, leavesAt }

    function stateOf(): VersionState {
      if (!version.enabled) return 'revoked'
      if (isCurrent) return 'active'
      if (end <= now) return 'retired'
      if (start > now) return 'announced'
      return leavesAt > now ? 'retiring' : 'retired'
    }
  })
  const alarm = current === null ? null : alarmOf(current, entries, now, retention)
  const future = [...changes, ...leaving, alarm?.until ?? Infinity].filter((each) => each > now)
  return { versions: states, active: current?.version ?? null, alarm, until: Math.min(...future, Infinity) }
}

/** A version with the times that decide, in milliseconds since 1970. */
export interface Entry<V extends KeyVersion = KeyVersion> {
  readonly version: V
  /** -Infinity where the store does not say; never in the future, as a store's clock may be ahead of ours. */
  readonly created: number
  readonly start: number
  readonly end: number
}

/** Two names of one issuer are made one after the other when it first starts, and both are its first. */
const birth = 60_000

export function scheduleOf<V extends KeyVersion>(
  versions: readonly V[],
  policy: KeyRingPolicy,
  now: number,
  issuerSince: number,
): Entry<V>[] {
  const sorted = versions.toSorted(
    (a, b) => compare(time(a.createdAt), time(b.createdAt)) || compare(a.id, b.id),
  )
  const oldest = time(sorted[0]?.createdAt ?? null)
  const isFirst = oldest - Math.min(issuerSince, oldest) <= birth || oldest === -Infinity
  return sorted.map((version, index) => {
    const created = time(version.createdAt)
    const opens = time(version.notBefore)
    // A renewed certificate begins now, and its key must go on signing: only a store with a clock of its own is waited for.
    const wait = version.enforcesValidity && opens > created ? policy.clockSkew * 1_000 : 0
    const start =
      index === 0 && isFirst ? opens : Math.max(created + policy.announcement * 1_000, opens + wait)
    return {
      version,
      created: Math.min(created, now),
      start,
      end: version.notAfter?.getTime() ?? Infinity,
    }
  })
}

/** Of those that have started the last; else, when that one is switched off or over, the newest. */
function signerAt<V extends KeyVersion>(entries: readonly Entry<V>[], at: number): Entry<V> | null {
  const started = entries.filter(({ start }) => start <= at)
  const [last] = started
    .filter((entry) => isUsable(entry, at))
    .toSorted(byStart)
    .slice(-1)
  if (last !== undefined || started.length === 0) return last ?? null
  const rest = entries.filter((entry) => isUsable(entry, at) && entry.created <= at)
  return rest.findLast(({ version }) => time(version.notBefore) <= at) ?? null
}

/** When the next known version takes over from one that signs or will sign, and at the latest when that one ends. */
function successionOf(entry: Entry, entries: readonly Entry[], now: number): number {
  const later = entries.filter(
    (other) => other.start > now && byStart(other, entry) > 0 && isUsable(other, other.start),
  )
  return Math.min(...later.map(({ start }) => start), entry.end)
}

function alarmOf(
  current: Entry,
  entries: readonly Entry[],
  now: number,
  retention: number,
): Timeline['alarm'] {
  if (current.start > now) return { reason: 'unannounced', until: current.start }
  const replacedAt = entries.filter((entry) => byStart(entry, current) > 0).map(({ start }) => start)
  return Math.min(...replacedAt) + retention <= now ? { reason: 'reactivated', until: null } : null
}

export function isUsable({ version, end }: Entry, at: number): boolean {
  return version.enabled && at < end
}

export function byStart(a: Entry, b: Entry): number {
  return compare(a.start, b.start) || compare(a.created, b.created) || compare(a.version.id, b.version.id)
}

function time(date: Date | null): number {
  return date?.getTime() ?? -Infinity
}

function compare<T extends number | string>(a: T, b: T): number {
  return a < b ? -1 : a > b ? 1 : 0
}
