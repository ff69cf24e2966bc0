import { aBoolean, aDate, anObject, aString, listOf, type Check } from '@sealwright/core/internal'

/** The facts about one version of a key that the timeline needs. A `SigningKey` has all of them except `id`. */
export interface KeyVersion {
  /** Unique and the same in every instance, such as the `kid`. It orders versions that were made at the same time. */
  readonly id: string
  /** When the version came into the store; null if the store does not record it, which counts as before all others. */
  readonly createdAt: Date | null
  /** The version does not sign before this time; null for no bound. */
  readonly notBefore: Date | null
  /** The version does not sign after this time and is not published after it; null for no bound. */
  readonly notAfter: Date | null
  /** Whether the version's store refuses to sign before `notBefore` by its own clock, which may be behind by the clock skew. */
  readonly enforcesValidity: boolean
  /** false for a disabled version: it is revoked. */
  readonly enabled: boolean
}

/** The versions that a caller passes. */
export const keyVersions: Check = listOf((name, value) => {
  anObject(name, value)
  // A store's key can have getters.
  const get = (member: string): unknown => Reflect.get(Object(value), member)
  aString(`${name}.id`, get('id'))
  for (const member of ['createdAt', 'notBefore', 'notAfter'])
    if (get(member) !== null) aDate(`${name}.${member}`, get(member))
  for (const member of ['enforcesValidity', 'enabled']) aBoolean(`${name}.${member}`, get(member))
})

/**
 * - `announced`: in the JWK Set; does not sign yet
 * - `active`: in the JWK Set; signs
 * - `retiring`: in the JWK Set until the last token that it signed has expired
 * - `retired`: no longer in the JWK Set
 * - `revoked`: disabled; its tokens are refused as soon as verifiers have read the JWK Set again
 */
export type VersionState = 'announced' | 'active' | 'retiring' | 'retired' | 'revoked'

/** The state of one version. Times are in milliseconds since 1970. */
export interface TimelineEntry<V extends KeyVersion = KeyVersion> {
  /** As it was given. */
  readonly version: V
  /** Its state at that time. */
  readonly state: VersionState
  /** When it starts or started to sign. The first version starts at its `notBefore`, or at -Infinity if it has none. */
  readonly startsAt: number
  /** When it stops: the next known version takes over, or it ends. Infinity if neither is known. */
  readonly stopsAt: number
  /** When it leaves the JWK Set, or left it. Infinity if no end is known. */
  readonly leavesAt: number
}

/** The state of every version at one time. */
export interface Timeline<V extends KeyVersion = KeyVersion> {
  /** In the order of their creation. */
  readonly versions: readonly TimelineEntry<V>[]
  /** The version that signs; null if none may sign. */
  readonly active: V | null
  /**
   * Set when the active version signs although verifiers may not have it: `unannounced` for one that signs before its
   * announcement is over, `reactivated` for one that had been replaced. `until` is when it is over, in milliseconds; null
   * where that depends on when the other version was switched off.
   */
  readonly alarm: { readonly reason: 'unannounced' | 'reactivated'; readonly until: number | null } | null
  /** When any of this can change without a change in the stores, in milliseconds since 1970; Infinity for never. */
  readonly until: number
}
