import { SealwrightError, type SigningKey } from '@sealwright/core'
import type { KeyVersion } from '../timeline/key-version.ts'
import { isDelegateOf } from './delegates.ts'
import type { Source } from './sources.ts'

/** One key of the ring, wherever and however often it is kept. */
export interface RingKey extends KeyVersion {
  /** The copy that signs: of the first source that has it, with its newest certificate. */
  readonly key: SigningKey
  readonly shard: string
  readonly signs: boolean
  /** Every source that has it. */
  readonly sources: readonly Source[]
  /** The `kid` of the key that certified this delegate; null for the ring's own keys. */
  readonly delegatedBy: string | null
}

/** The keys of one source. */
export interface SourceKeys {
  readonly source: Source
  /** Newest first. */
  readonly keys: readonly SigningKey[]
}

/**
 * The keys of all sources, each once. If a key is in several places, such as after an import into a vault, its earliest
 * creation time counts. It is revoked as soon as its newest copy is disabled in one of the places.
 *
 * @param revoked the `kid`s of keys that the operator has revoked
 * @param seen by `kid`, the creation time of keys whose source has none, or one that is too early
 * @throws SealwrightError `INVALID_ARGUMENT` when several keys have no creation time, so that none of them can be
 *   announced
 */
export function mergeKeys(
  sources: readonly SourceKeys[],
  revoked: ReadonlySet<string>,
  seen: ReadonlyMap<string, Date>,
  bounds: DelegateBounds,
): RingKey[] {
  const own = sources.filter(({ source }) => !source.delegates)
  const copies = own.flatMap(({ source, keys }) => copiesOf(source, keys))
  const copiesOfKeys = new Map<string, [Copy, ...Copy[]]>()
  for (const copy of copies) {
    const same = copiesOfKeys.get(copy.key.keyId)
    if (same === undefined) copiesOfKeys.set(copy.key.keyId, [copy])
    else same.push(copy)
  }
  const merged = [...copiesOfKeys].map(([keyId, same]): RingKey => {
    const { key, source } = same.find((copy) => copy.source.signs && copy.key.enabled) ?? same[0]
    return {
      // The version first: a store that lets one of two creators win in the same second goes by it too.
      id: `${key.version} ${keyId}`,
      key,
      shard: source.shard,
      sources: same.map((copy) => copy.source),
      delegatedBy: null,
      signs: same.some((copy) => copy.source.signs),
      createdAt: seen.get(keyId) ?? earliest(same.map((copy) => copy.createdAt)),
      // Those of the copy that signs: a vault enforces them.
      notBefore: key.notBefore,
      notAfter: key.notAfter,
      enforcesValidity: key.enforcesValidity,
      enabled: same.every((copy) => copy.key.enabled) && !revoked.has(keyId),
    }
  })
  const undated = merged.filter(({ createdAt, signs }) => createdAt === null && signs)
  if (undated.length > 1) {
    const places = undated.map(({ key }) => key.location).join(' and ')
    throw new SealwrightError(
      'INVALID_ARGUMENT',
      `${places} have no creation time, so their order is unknown; set createdAt of the newer one to the ` +
        'time at which every instance had it',
    )
  }
  const delegates = sources.filter(({ source }) => source.delegates)
  return [...merged, ...delegates.flatMap((shown) => delegatesOf(shown, merged, revoked, bounds))]
}

/** The maximum number of delegates, and the possible current times, in milliseconds since 1970. */
export interface DelegateBounds {
  readonly maxDelegates: number
  readonly times: readonly number[]
}

/**
 * Those that a key of the ring vouches for, from their beginning on and not beyond its end; they are revoked with it. There may be
 * more certificates than delegates, as when many instances start at once: all instances take the same ones, the oldest. A revoked delegate keeps its place, as instances
 * do not all know of a revocation at the same time.
 */
function delegatesOf(
  { source, keys }: SourceKeys,
  own: readonly RingKey[],
  revoked: ReadonlySet<string>,
  { maxDelegates, times }: DelegateBounds,
): RingKey[] {
  const ownIds = new Set(own.map(({ key }) => key.keyId))
  const sorted = keys.filter(({ keyId }) => !ownIds.has(keyId)).toSorted(byAge)
  const delegates = new Map<string, RingKey>()
  for (const time of times) {
    const places = new Set<string>()
    for (const key of sorted) {
      if (places.size === maxDelegates) break
      const { keyId, createdAt, notBefore, notAfter, enforcesValidity, version } = key
      // `issueDelegate` dates a certificate back by the clock skew, so none begins later than now. One that is dated ahead could be used
      // years from now, despite the limit on its validity.
      if (places.has(keyId) || Number(notAfter) <= time || Number(notBefore) > time) continue
      const issuer = own.find((each) => each.signs && isDelegateOf(key, each.key))
      if (issuer === undefined || Number(issuer.notAfter ?? Infinity) < Number(notAfter)) continue
      places.add(keyId)
      delegates.set(keyId, {
        id: `${version} ${keyId}`,
        key,
        shard: source.shard,
        signs: false,
        sources: [source],
        delegatedBy: issuer.key.keyId,
        createdAt,
        notBefore,
        notAfter,
        enforcesValidity,
        enabled: issuer.enabled && !revoked.has(keyId),
      })
    }
  }
  return [...delegates.values()]
}

/** The oldest first; of the same second in the order of their `kid`s. */
function byAge(a: SigningKey, b: SigningKey): number {
  return Number(a.notBefore) - Number(b.notBefore) || (a.keyId < b.keyId ? -1 : 1)
}

interface Copy {
  readonly source: Source
  readonly key: SigningKey
  readonly createdAt: Date | null
}

/** Each key of a source once: its newest version, as of its oldest. */
function copiesOf(source: Source, keys: readonly SigningKey[]): Copy[] {
  const newest = [...new Map(keys.toReversed().map((key) => [key.keyId, key])).values()]
  return newest.map((key) => ({
    source,
    key,
    createdAt:
      source.createdAt ??
      earliest(keys.filter(({ keyId }) => keyId === key.keyId).map((each) => each.createdAt)),
  }))
}

/** null, which is before all others, as soon as one is null. */
function earliest(dates: readonly (Date | null)[]): Date | null {
  return dates.reduce((a, b) => (a === null || b === null ? null : a < b ? a : b), dates[0] ?? null)
}
