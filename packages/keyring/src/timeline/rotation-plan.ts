import { keyVersions, type KeyVersion } from './key-version.ts'
import { aTimelinePolicy, type KeyRingPolicy } from '../policy/policy.ts'
import { aTime, byStart, isUsable, scheduleOf } from './timeline.ts'

/**
 * When to create the next version so that it takes over on time: when the newest version has signed for the rotation
 * interval, and early enough before `notAfter` for the last token to expire first.
 *
 * @returns milliseconds since 1970; Infinity for never, -Infinity when no version can sign
 * @throws SealwrightError `INVALID_ARGUMENT` as {@link evaluateTimeline}
 *
 * @example
 * ```ts
 * import { keyRingPolicy, nextRotation } from '@sealwright/keyring'
 *
 * const dates = { createdAt: new Date(), notBefore: null, notAfter: null }
 * const first = { id: 'first', ...dates, enforcesValidity: false, enabled: true }
 * new Date(nextRotation([first], keyRingPolicy(), Date.now()))
 * ```
 */
export function nextRotation(versions: readonly KeyVersion[], policy: KeyRingPolicy, now: number): number {
  keyVersions('versions', versions)
  aTimelinePolicy('policy', policy)
  aTime('now', now)
  return rotationDue(versions, policy, now)
}

/** As {@link nextRotation}, for what the ring has checked. */
export function rotationDue(versions: readonly KeyVersion[], policy: KeyRingPolicy, now: number): number {
  const entries = scheduleOf(versions, policy, now, Infinity).filter((entry) => isUsable(entry, now))
  const newest = entries.toSorted(byStart).at(-1)
  if (newest === undefined) return -Infinity
  const began = newest.start === -Infinity ? newest.created : newest.start
  const { rotationInterval, retention, announcement } = policy
  const ofInterval =
    rotationInterval === null || began === -Infinity ? Infinity : began + rotationInterval * 1_000
  return Math.min(ofInterval, newest.end - retention * 1_000) - announcement * 1_000
}
