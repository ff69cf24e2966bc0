import { evaluateTimeline, nextRotation, type KeyRingPolicy, type KeyVersion } from '@sealwright/keyring'
import { finding } from '../report/finding.ts'
import { step, type Step } from '../report/step.ts'
import { predictRejection, type Rejection } from '../rotation/predict-rejection.ts'

/** The next rotation, and the first token that it would have rejected. */
export interface Prediction {
  /** When the next key came or comes into its store. */
  readonly announcedAt: string
  /** The first second in which a valid token can be rejected; null for none. */
  readonly rejectedFrom: string | null
  readonly reason: Rejection['reason'] | null
}

/**
 * Predicts the next rotation: of the version that is announced, or else of the one that is due next.
 *
 * @param versions those of the servers; empty where the user names no key. Then the published key is as old as can be
 */
export function examineRotation(
  versions: readonly KeyVersion[],
  policy: KeyRingPolicy,
  now: Date,
): { readonly prediction: Prediction; readonly report: Step } {
  const known = versions.length === 0 ? [publishedKey] : versions
  const { versions: states } = evaluateTimeline(known, policy, now.getTime())
  const [next = null] = states
    .filter(({ state }) => state === 'announced')
    .toSorted((a, b) => b.startsAt - a.startsAt)
    .map(({ version }) => version)
  // The end of the next key is a matter of the rotation after it.
  const successor = next === null ? nextKey(known, policy, now) : { ...next, notAfter: null }
  const planned = [...known.filter((version) => version !== next), successor]
  const rejection = predictRejection(planned, policy, now.getTime())
  const prediction = {
    announcedAt: (successor.createdAt ?? now).toISOString(),
    // The second that it is in.
    rejectedFrom:
      rejection === null ? null : new Date(Math.floor(rejection.at / 1_000) * 1_000).toISOString(),
    reason: rejection?.reason ?? null,
  }
  const plan = `the next key is announced at ${prediction.announcedAt}`
  if (rejection === null) return { prediction, report: step('rotation', `${plan}; no token is rejected`, []) }
  return {
    prediction,
    report: step('rotation', `${plan}; tokens can be rejected`, [
      findingOf(rejection, prediction.rejectedFrom ?? '', policy),
    ]),
  }
}

const publishedKey: KeyVersion = {
  id: 'the published key',
  createdAt: null,
  notBefore: null,
  notAfter: null,
  enabled: true,
}

/** The version that a ring makes when it is due; one that is made now, where none is ever due. */
function nextKey(versions: readonly KeyVersion[], policy: KeyRingPolicy, now: Date): KeyVersion {
  const due = nextRotation(versions, policy, now.getTime())
  const createdAt = new Date(Number.isFinite(due) ? Math.max(due, now.getTime()) : now.getTime())
  return { id: 'the next key', createdAt, notBefore: null, notAfter: null, enabled: true }
}

function findingOf(
  { reason, keyId }: Rejection,
  from: string,
  policy: KeyRingPolicy,
): ReturnType<typeof finding> {
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
