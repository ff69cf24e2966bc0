/** The rotation of a key in whole seconds. It shares no code with what it checks: the rules are those of the README of the key ring. */
export interface World {
  readonly maxSetAge: number
  readonly jwksMaxAge: number
  readonly clockSkew: number
  readonly tokenLifetime: number
  readonly validatorLeeway: number
  readonly announcement: number
  readonly retention: number
  /** In the order of their creation. The first key may have none, and is then there from the beginning. */
  readonly versions: readonly {
    readonly created: number | null
    readonly notBefore: number | null
    readonly notAfter: number | null
    readonly enforcesValidity: boolean
  }[]
}

export interface SimulatedRejection {
  readonly at: number
  /** Each key that is refused in that second, and why: `1 unknown`, `0 removed`. */
  readonly why: ReadonlySet<string>
}

const first = -40
const last = 160

/**
 * Plays every second of every instance, whose clock is ahead by 0 up to the clock skew and whose set is as old as may be, and
 * keeps which JWK Sets a validator may hold and which tokens are valid. A second is the time until the next one begins.
 *
 * @param from rejections before it do not count
 */
export function simulate(world: World, from: number): SimulatedRejection | null {
  const { maxSetAge, jwksMaxAge, clockSkew, tokenLifetime, validatorLeeway, versions } = world
  const known = versions.map((_, index) => clockTable(world, index + 1))
  /** What a validator may hold, as `PUBLISHED of KNOWN` in bits, and the last second for which. */
  const held = new Map<string, { readonly published: number; readonly known: number; until: number }>()
  /** The last second in which a token of each key is accepted. */
  const accepted = versions.map(() => -Infinity)
  for (let now = first; now < last; now++) {
    for (let age = 0; age <= maxSetAge; age++) {
      const count = versions.filter(({ created }) => created === null || created <= now - age).length
      const table = known[count - 1]
      if (table === undefined) continue
      for (let ahead = 0; ahead <= clockSkew; ahead++) {
        const shown = now + ahead
        const { signer, published } = table(shown)
        const name = `${published} of ${count}`
        held.set(name, { published, known: 2 ** count - 1, until: now + jwksMaxAge })
        if (signer === null) continue
        // Signed by the end of the clock skew after this second.
        const expires = shown + clockSkew + tokenLifetime + validatorLeeway
        accepted[signer] = Math.max(accepted[signer] ?? -Infinity, expires)
      }
    }
    if (now < from) continue
    const why = new Set<string>()
    for (const set of held.values())
      if (set.until >= now)
        for (const [key, until] of accepted.entries())
          if (until >= now && (set.published & (2 ** key)) === 0)
            why.add(`${key} ${(set.known & (2 ** key)) === 0 ? 'unknown' : 'removed'}`)
    if (why.size > 0) return { at: now, why }
  }
  return null
}

interface Shown {
  readonly signer: number | null
  /** In bits. */
  readonly published: number
}

/** What an instance does that knows the first `count` versions, by the second that its clock shows. */
function clockTable(world: World, count: number): (shown: number) => Shown {
  const { announcement, retention, clockSkew } = world
  const keys = world.versions
    .slice(0, count)
    .map(({ created, notBefore, notAfter, enforcesValidity }, index) => {
      const opens = notBefore ?? -Infinity
      const arrived = created ?? -Infinity
      const late = enforcesValidity && opens > arrived ? clockSkew : 0
      const begins = index === 0 ? opens : Math.max(arrived + announcement, opens + late)
      return { arrived, opens, begins, ends: notAfter ?? Infinity }
    })
  const lastSigned = keys.map(() => -Infinity)
  const table: Shown[] = []
  for (let shown = first; shown < last + clockSkew; shown++) {
    const signer = signerAt(shown)
    if (signer !== null) lastSigned[signer] = shown
    let published = 0
    for (const [index, { begins, ends }] of keys.entries()) {
      const stopped = Math.max(lastSigned[index] ?? -Infinity, begins - 1)
      const isIn = shown < ends && (shown < begins || index === signer || shown <= stopped + retention)
      if (isIn) published |= 2 ** index
    }
    table.push({ signer, published })
  }
  return (shown) => table[shown - first] ?? { signer: null, published: 0 }

  function signerAt(shown: number): number | null {
    let best: number | null = null
    let hasBegun = false
    for (const [index, { begins, ends }] of keys.entries()) {
      if (begins > shown) continue
      hasBegun = true
      const bestBegan = best === null ? -Infinity : (keys[best]?.begins ?? -Infinity)
      if (shown < ends && (best === null || begins >= bestBegan)) best = index
    }
    if (best !== null || !hasBegun) return best
    // None that has begun can sign any more: the newest one has to.
    for (const [index, { arrived, opens, ends }] of keys.entries())
      if (arrived <= shown && opens <= shown && shown < ends) best = index
    return best
  }
}
