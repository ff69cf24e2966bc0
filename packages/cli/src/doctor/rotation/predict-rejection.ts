import { evaluateTimeline, type KeyRingPolicy, type KeyVersion } from '@sealwright/keyring'

/** A token that some verifier refuses although it is valid. */
export interface Rejection {
  /** The first moment, in milliseconds since 1970. */
  readonly at: number
  /** The key that signed it. */
  readonly keyId: string
  /**
   * - `unknown`: the verifier still holds a JWK Set from before the key was announced
   * - `removed`: the key has left the JWK Set, and the token has not expired
   */
  readonly reason: 'unknown' | 'removed'
}

/**
 * The first moment at which a valid token can be rejected by a verifier that obeys `max-age`; null when none can.
 *
 * It is the worst case that the policy allows: an instance serves keys that it read `maxSetAge` ago, a verifier keeps the JWK
 * Set for `jwksMaxAge`, clocks are ahead of the store's by 0 up to `clockSkew`, and a token that was begun just before a switch
 * is signed up to `clockSkew` after it. A policy that `keyRingPolicy` accepts has no rejection, unless a certificate ends early.
 *
 * @param versions the keys that exist and those that are planned, whose `createdAt` is in the future
 * @param policy not checked: it may be impossible
 * @param from milliseconds since 1970; rejections before it are over
 */
export function predictRejection(
  versions: readonly KeyVersion[],
  policy: KeyRingPolicy,
  from: number,
): Rejection | null {
  const [first] = versions.toSorted((a, b) => created(a) - created(b))
  // The first rejection comes from an instance with the slowest or the fastest clock, and with the newest or the oldest
  // keys.
  const steps = [0, policy.clockSkew * 1_000].flatMap((ahead) =>
    [0, policy.maxSetAge * 1_000].flatMap((late) => play(versions, policy, { ahead, late, from })),
  )
  const rejections = versions.flatMap((version): Rejection[] => {
    const without = [
      // Before the first key there was no JWK Set that a verifier could hold.
      ...(version === first ? [] : [beforeAnnouncement(version, policy)]),
      ...afterRemoval(steps, version, policy),
    ]
    return lifeOfTokens(steps, version, policy).flatMap((life) =>
      without.flatMap(({ begin, end, reason }) => {
        const at = Math.max(life.begin, begin, from)
        return at < Math.min(life.end, end) ? [{ at, keyId: version.id, reason }] : []
      }),
    )
  })
  return rejections.toSorted((a, b) => a.at - b.at)[0] ?? null
}

/** From `begin` on, until just before `end`, in milliseconds of the store's clock. */
interface Period {
  readonly begin: number
  readonly end: number
}

/** What an instance does for a while. */
interface Step extends Period {
  /** The end by the clock of the instance. */
  readonly shownEnd: number
  readonly active: KeyVersion | null
  readonly known: readonly KeyVersion[]
  readonly published: readonly KeyVersion[]
}

/** When a verifier may hold a JWK Set without the key, and why. */
interface Absence extends Period {
  readonly reason: Rejection['reason']
}

/** The steps of an instance whose clock is `ahead` and that learns of each version `late`, in milliseconds. */
function play(
  versions: readonly KeyVersion[],
  policy: KeyRingPolicy,
  { ahead, late, from }: { readonly ahead: number; readonly late: number; readonly from: number },
): readonly Step[] {
  const steps: Step[] = []
  const times = versions.map((version) => created(version) + late).filter(Number.isFinite)
  const ends = versions.flatMap(({ notAfter }) => (notAfter === null ? [] : [notAfter.getTime()]))
  // A second before anything changes, for keys without a known creation time.
  let now = Math.min(from, ...times, ...ends) - 1_000
  while (now < Infinity) {
    const begin = now
    const known = versions.filter((version) => created(version) + late <= begin)
    const { active, versions: states, until } = evaluateTimeline(known, policy, begin + ahead)
    now = Math.min(until - ahead, ...times.filter((time) => time > begin))
    const published = states
      .filter(({ state }) => state === 'announced' || state === 'active' || state === 'retiring')
      .map(({ version }) => version)
    steps.push({ begin, end: now, shownEnd: now + ahead, active, known, published })
  }
  return steps
}

/** From the first signature with the key until its last token has expired. */
function lifeOfTokens(
  steps: readonly Step[],
  key: KeyVersion,
  { clockSkew, tokenLifetime, validatorLeeway }: KeyRingPolicy,
): readonly Period[] {
  // `exp` is by the clock that signs. The last token is begun before the step ends and signed within the clock skew.
  const life = (clockSkew + tokenLifetime + validatorLeeway) * 1_000
  return steps
    .filter(({ active }) => active === key)
    .map(({ begin, shownEnd }) => ({ begin, end: shownEnd + life }))
}

function afterRemoval(
  steps: readonly Step[],
  key: KeyVersion,
  { jwksMaxAge }: KeyRingPolicy,
): readonly Absence[] {
  return steps
    .filter(({ known, published }) => known.includes(key) && !published.includes(key))
    .map(({ begin, end }) => ({ begin, end: end + jwksMaxAge * 1_000, reason: 'removed' }))
}

function beforeAnnouncement(key: KeyVersion, { maxSetAge, jwksMaxAge }: KeyRingPolicy): Absence {
  return { begin: -Infinity, end: created(key) + (maxSetAge + jwksMaxAge) * 1_000, reason: 'unknown' }
}

function created({ createdAt }: KeyVersion): number {
  return createdAt?.getTime() ?? -Infinity
}
