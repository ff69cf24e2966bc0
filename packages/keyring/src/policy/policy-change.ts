import { SealwrightError } from '@sealwright/core'
import { keyRingPolicy, type KeyRingPolicy } from './policy.ts'

/**
 * Splits a change of the policy into steps that are safe while keys live. During the roll-out of a step some instances
 * have the old policy and some the new one, in any order and for any time, and no token is rejected.
 *
 * Roll each step out to every instance, then wait for {@link policyChangeWait} before the next. Most changes take one step.
 *
 * @param from the policy of every instance now
 * @param to the policy that every instance should have
 * @returns the policies to roll out, in order; `to` is the last
 * @throws SealwrightError `INVALID_ARGUMENT` for an impossible policy, or when a step on the way would be one, such as one that
 *   publishes too many keys; the message shows the arithmetic
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
  const now = keyRingPolicy(from)
  const goal = keyRingPolicy(to)
  const { tokenLifetime, clockSkew, validatorLeeway } = greatest(now, goal)
  const apart = Math.abs(now.announcement - goal.announcement)
  const retention = Math.max(
    now.retention,
    goal.retention,
    apart + tokenLifetime + 2 * clockSkew + validatorLeeway,
  )
  const patient = { ...now, retention }
  const early = {
    ...patient,
    announcement: Math.max(now.announcement, goal.announcement),
    jwksMaxAge: Math.min(now.jwksMaxAge, goal.jwksMaxAge),
    maxSetAge: Math.min(now.maxSetAge, goal.maxSetAge),
    refreshInterval: Math.min(now.refreshInterval, goal.refreshInterval),
    refreshTimeout: Math.min(now.refreshTimeout, goal.refreshTimeout),
    listingDelay: Math.min(now.listingDelay, goal.listingDelay),
  }
  const skewed = { ...early, clockSkew: goal.clockSkew, validatorLeeway: goal.validatorLeeway }
  // Each can follow the one before it.
  const steps = [patient, early, skewed, { ...goal, retention }, goal]
  return leaveOut(now, steps).map((step) => keyRingPolicy(step))
}

/**
 * How long to wait between the end of one step and the start of the next, in seconds: until no token and no JWK Set of
 * the previous policy is left.
 *
 * @throws SealwrightError `INVALID_ARGUMENT` for an impossible policy
 *
 * @example
 * ```ts
 * import { keyRingPolicy, policyChangeWait } from '@sealwright/keyring'
 *
 * policyChangeWait(keyRingPolicy(), keyRingPolicy({ jwksMaxAge: 7_200 })) // 93,660 s
 * ```
 */
export function policyChangeWait(from: KeyRingPolicy, to: KeyRingPolicy): number {
  const most = greatest(keyRingPolicy(from), keyRingPolicy(to))
  const { tokenLifetime, clockSkew, validatorLeeway, jwksMaxAge, maxSetAge } = most
  return Math.max(tokenLifetime + 2 * clockSkew + validatorLeeway, maxSetAge + jwksMaxAge + clockSkew)
}

/**
 * Checks that instances with either policy can run side by side without a rejected token.
 *
 * @throws SealwrightError `INVALID_ARGUMENT` when they cannot, or for an impossible policy; the message shows the arithmetic
 *
 * @example
 * ```ts
 * import { checkPolicyChange, keyRingPolicy } from '@sealwright/keyring'
 *
 * checkPolicyChange(keyRingPolicy(), keyRingPolicy({ rotationInterval: 30 * 86_400 }))
 * ```
 */
export function checkPolicyChange(from: KeyRingPolicy, to: KeyRingPolicy): void {
  const problem = policyChangeProblem(keyRingPolicy(from), keyRingPolicy(to))
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

/** Without the steps that are not needed. */
function leaveOut(from: KeyRingPolicy, steps: readonly KeyRingPolicy[]): KeyRingPolicy[] {
  const last = steps.findLastIndex((step) => policyChangeProblem(from, step) === null)
  const step = steps[last]
  return step === undefined ? [] : [step, ...leaveOut(step, steps.slice(last + 1))]
}
