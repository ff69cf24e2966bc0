import { SealwrightError } from '@sealwright/core'
import type { KeyRingPolicy } from './policy.ts'

/**
 * Splits a change of the policy into steps that are safe while keys live. During the roll-out of a step some instances
 * have the old policy and some the new one, in any order and for any time, and no token is rejected.
 *
 * Roll each step out to every instance, then wait for {@link policyChangeWait} before the next. Most changes take one step.
 *
 * @param from the policy of every instance now
 * @param to the policy that every instance should have
 * @returns the policies to roll out, in order; `to` is the last
 *
 * @example
 * ```ts
 * import { keyRingPolicy, planPolicyChange } from '@sealwright/keyring'
 *
 * const now = keyRingPolicy({ tokenLifetime: 900 })
 * for (const step of planPolicyChange(now, { ...now, jwksMaxAge: 7_200, announcement: 100_000 })) console.log(step)
 * ```
 */
export function planPolicyChange(from: KeyRingPolicy, to: KeyRingPolicy): readonly KeyRingPolicy[] {
  if (policyChangeProblem(from, to) === null) return [to]
  const apart = Math.abs(from.announcement - to.announcement)
  const { tokenLifetime, clockSkew, validatorLeeway } = greatest(from, to)
  const patient = {
    ...from,
    clockSkew,
    validatorLeeway,
    retention: Math.max(
      from.retention,
      to.retention,
      apart + tokenLifetime + 2 * clockSkew + validatorLeeway,
    ),
  }
  const early = {
    ...patient,
    announcement: Math.max(from.announcement, to.announcement),
    jwksMaxAge: Math.min(from.jwksMaxAge, to.jwksMaxAge),
    maxSetAge: Math.min(from.maxSetAge, to.maxSetAge),
    refreshInterval: Math.min(from.refreshInterval, to.refreshInterval),
    refreshTimeout: Math.min(from.refreshTimeout, to.refreshTimeout),
    listingDelay: Math.max(from.listingDelay, to.listingDelay),
  }
  const steps = [patient, early, { ...to, clockSkew, validatorLeeway, retention: patient.retention }, to]
  return leaveOut(from, steps)
}

/**
 * How long to wait between the end of one step and the start of the next, in seconds: until no token and no JWK Set of
 * the previous policy is left.
 *
 * @example
 * ```ts
 * import { keyRingPolicy, policyChangeWait } from '@sealwright/keyring'
 *
 * policyChangeWait(keyRingPolicy(), keyRingPolicy({ jwksMaxAge: 7_200 })) // 93,660 s
 * ```
 */
export function policyChangeWait(from: KeyRingPolicy, to: KeyRingPolicy): number {
  const { tokenLifetime, clockSkew, validatorLeeway, jwksMaxAge, maxSetAge } = greatest(from, to)
  return Math.max(tokenLifetime + 2 * clockSkew + validatorLeeway, maxSetAge + jwksMaxAge + clockSkew)
}

/**
 * Checks that instances with either policy can run side by side without a rejected token.
 *
 * @throws SealwrightError `INVALID_ARGUMENT` when they cannot; the message shows the arithmetic
 *
 * @example
 * ```ts
 * import { checkPolicyChange, keyRingPolicy } from '@sealwright/keyring'
 *
 * checkPolicyChange(keyRingPolicy(), keyRingPolicy({ rotationInterval: 30 * 86_400 }))
 * ```
 */
export function checkPolicyChange(from: KeyRingPolicy, to: KeyRingPolicy): void {
  const problem = policyChangeProblem(from, to)
  if (problem !== null)
    throw new SealwrightError('INVALID_ARGUMENT', `${problem}; see planPolicyChange for the steps`)
}

/** Why the two policies cannot run side by side; null if they can. */
function policyChangeProblem(from: KeyRingPolicy, to: KeyRingPolicy): string | null {
  const most = greatest(from, to)
  const announced = Math.min(from.announcement, to.announcement)
  const needed = most.maxSetAge + most.jwksMaxAge + most.clockSkew
  if (announced < needed) {
    return (
      `the smaller announcement is ${announced} s, but the greater maxSetAge + jwksMaxAge + clockSkew is ` +
      `${most.maxSetAge} + ${most.jwksMaxAge} + ${most.clockSkew} = ${needed} s`
    )
  }
  // An instance drops a key at c + announcement + retention, while another signs with it until c + its own announcement.
  const dropped = Math.min(from.announcement + from.retention, to.announcement + to.retention)
  const grace = 2 * most.clockSkew + most.validatorLeeway
  const lives = Math.max(from.announcement, to.announcement) + most.tokenLifetime + grace
  if (dropped < lives) {
    return (
      `the smaller announcement + retention is ${dropped} s, but the greater announcement + tokenLifetime + ` +
      `2 × clockSkew + validatorLeeway is ${lives} s`
    )
  }
  return null
}

function greatest(
  a: KeyRingPolicy,
  b: KeyRingPolicy,
): Pick<KeyRingPolicy, 'tokenLifetime' | 'clockSkew' | 'validatorLeeway' | 'jwksMaxAge' | 'maxSetAge'> {
  return {
    tokenLifetime: Math.max(a.tokenLifetime, b.tokenLifetime),
    clockSkew: Math.max(a.clockSkew, b.clockSkew),
    validatorLeeway: Math.max(a.validatorLeeway, b.validatorLeeway),
    jwksMaxAge: Math.max(a.jwksMaxAge, b.jwksMaxAge),
    maxSetAge: Math.max(a.maxSetAge, b.maxSetAge),
  }
}

/** Without each step that the one before it can be followed without. */
function leaveOut(from: KeyRingPolicy, steps: readonly KeyRingPolicy[]): KeyRingPolicy[] {
  const needed: KeyRingPolicy[] = []
  let current = from
  for (let index = 0; index < steps.length;) {
    const next = steps.findLastIndex((step, at) => at >= index && policyChangeProblem(current, step) === null)
    const step = steps[next === -1 ? index : next]
    if (step === undefined) break
    needed.push(step)
    current = step
    index = (next === -1 ? index : next) + 1
  }
  return needed
}
