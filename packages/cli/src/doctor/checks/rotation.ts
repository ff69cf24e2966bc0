import {
  evaluateTimeline,
  keyRingPolicy,
  nextRotation,
  type KeyRingPolicy,
  type KeyRingPolicyOptions,
  type KeyVersion,
} from '@sealwright/keyring'
import { finding, type Finding } from '../report/finding.ts'
import { skipped, step, type Step } from '../report/step.ts'
import { predictRejection, type Rejection } from '../rotation/predict-rejection.ts'
import type { RotationPolicies } from '../rotation/rotation-policy.ts'
import { certificateOf } from './certificates.ts'
import { expected } from './expected.ts'
import type { PublishedKey } from './jwk-set.ts'

/** The next rotation, and the first token that it would have rejected. */
export interface Prediction {
  /** When the next key came or comes into its store. */
  readonly announcedAt: string
  /** The first second in which a valid token can be rejected; null for none. */
  readonly rejectedFrom: string | null
  readonly reason: Rejection['reason'] | null
}

/** The step, and its prediction; null where it is skipped. */
interface ExaminedRotation {
  readonly prediction: Prediction | null
  readonly report: Step
}

/**
 * Predicts the next rotation: of the version that is announced, or else of the one that is due next.
 *
 * @param versions those of the servers
 */
export function examineRotation(
  versions: readonly KeyVersion[],
  { told, played: policy }: RotationPolicies,
  now: Date,
): ExaminedRotation {
  const { active, versions: states } = evaluateTimeline(versions, policy, now.getTime())
  const [next = null] = states
    .filter(({ state }) => state === 'announced')
    .toSorted((a, b) => b.startsAt - a.startsAt)
    .map(({ version }) => version)
  // The end of the next key concerns the rotation after it.
  const successor = next === null ? nextKey(versions, policy, now) : { ...next, notAfter: null }
  const planned = [...versions.filter((version) => version !== next), successor]
  const rejection = predictRejection(planned, policy, now.getTime())
  if (active === null && rejection === null) return unpredictedRotation('no key can sign', told)
  const announcedAt = (successor.createdAt ?? now).toISOString()
  const plan = `the next key is announced at ${announcedAt}`
  if (rejection === null) {
    const problems = policyFindings(told)
    const outlook = problems.length === 0 ? 'no token is rejected' : 'the rotation policy is impossible'
    return {
      prediction: { announcedAt, rejectedFrom: null, reason: null },
      report: step('rotation', `${plan}; ${outlook}`, problems),
    }
  }
  // Rounded down to the second.
  const rejectedFrom = new Date(Math.floor(rejection.at / 1_000) * 1_000).toISOString()
  return {
    prediction: { announcedAt, rejectedFrom, reason: rejection.reason },
    report: step('rotation', `${plan}; tokens can be rejected`, [
      findingOf(rejection, rejectedFrom, policy),
      // The finding above already covers a short announcement or retention.
      ...policyFindings({ ...told, announcement: undefined, retention: undefined }),
    ]),
  }
}

/** @param why the reason: what is unknown */
export function unpredictedRotation(why: string, told: KeyRingPolicyOptions): ExaminedRotation {
  const problems = policyFindings(told)
  const report = problems.length === 0 ? skipped('rotation', why) : step('rotation', why, problems)
  return { prediction: null, report }
}

/**
 * The signing key of an issuer of which only the JWK Set is known. It counts as older than every other key. The set does not say
 * which of its keys signs, so it ends with the last certificate.
 */
export function publishedVersion(keys: readonly PublishedKey[]): KeyVersion {
  const ends = keys.map((key) => Date.parse(certificateOf(key)?.validTo ?? ''))
  const isKnown = ends.length > 0 && !ends.some(Number.isNaN)
  const notAfter = isKnown ? new Date(Math.max(...ends)) : null
  return {
    id: 'the published key',
    createdAt: null,
    notBefore: null,
    notAfter,
    enforcesValidity: false,
    enabled: true,
  }
}

/** The version that the ring makes next; one made now if it never makes one. */
function nextKey(versions: readonly KeyVersion[], policy: KeyRingPolicy, now: Date): KeyVersion {
  const due = nextRotation(versions, policy, now.getTime())
  const createdAt = new Date(Number.isFinite(due) ? Math.max(due, now.getTime()) : now.getTime())
  return {
    id: 'the next key',
    createdAt,
    notBefore: null,
    notAfter: null,
    enforcesValidity: false,
    enabled: true,
  }
}

/** What `keyRingPolicy` says of a policy that cannot keep its promise. */
function policyFindings(told: KeyRingPolicyOptions): readonly Finding[] {
  try {
    keyRingPolicy(told)
    return []
  } catch (error) {
    return [finding('policy-impossible', 'the rotation policy', expected(error).message)]
  }
}

function findingOf({ reason, keyId }: Rejection, from: string, policy: KeyRingPolicy): Finding {
  const { announcement, maxSetAge, jwksMaxAge, clockSkew, retention, tokenLifetime, validatorLeeway } = policy
  if (reason === 'unknown') {
    const least = maxSetAge + jwksMaxAge + clockSkew
    return finding(
      'rotation-key-unknown',
      keyId,
      `from ${from} on its tokens can be rejected: it is announced for ${announcement} s; maxSetAge + max-age + clockSkew is ` +
        `${maxSetAge} + ${jwksMaxAge} + ${clockSkew} = ${least} s`,
      announcement < least
        ? `Set announcement to at least ${least} s, or lower max-age or maxSetAge.`
        : undefined,
    )
  }
  const least = tokenLifetime + 2 * clockSkew + validatorLeeway
  return finding(
    'rotation-key-removed',
    keyId,
    `from ${from} on its tokens can be rejected: it stays published for ${retention} s; tokenLifetime + 2 × clockSkew + ` +
      `validatorLeeway is ${tokenLifetime} + ${2 * clockSkew} + ${validatorLeeway} = ${least} s`,
    retention < least
      ? `Set retention to at least ${least} s, or issue shorter tokens.`
      : 'Its certificate ends before the next key has taken over: rotate now (sealwright rotate), or renew the certificate.',
  )
}
