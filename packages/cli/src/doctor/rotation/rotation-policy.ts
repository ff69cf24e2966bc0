import { keyRingPolicy, type KeyRingPolicy, type KeyRingPolicyOptions } from '@sealwright/keyring'

/** A century, in seconds. */
const longestLifetime = 100 * 366 * 86_400

/** The policy of the servers, and what happens under it. */
export interface RotationPolicies {
  /** The known part of the servers' configuration. `keyRingPolicy` may refuse it. */
  readonly told: KeyRingPolicyOptions
  /** The same with the `max-age` that verifiers obey and the longest token. It is not checked. */
  readonly played: KeyRingPolicy
}

/**
 * The policy for the prediction: the user's options, then the `max-age` that the servers send, then the defaults of the ring.
 *
 * @param observed what the servers send, and how long their token is valid, in seconds; null where it is not known
 */
export function rotationPolicies(
  options: KeyRingPolicyOptions,
  observed: { readonly maxAge: number | null; readonly tokenLifetime: number | null },
): RotationPolicies {
  const given = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined))
  const sent = observed.maxAge === null ? {} : { jwksMaxAge: observed.maxAge }
  const complete: KeyRingPolicy = { ...keyRingPolicy(), ...sent, ...given }
  const { maxSetAge, jwksMaxAge, clockSkew, tokenLifetime, validatorLeeway } = complete
  // A token may claim any lifetime.
  const seen = Math.min(observed.tokenLifetime ?? 0, longestLifetime)
  return {
    told: { ...sent, ...given },
    played: {
      ...complete,
      announcement: options.announcement ?? maxSetAge + jwksMaxAge + clockSkew,
      retention: options.retention ?? tokenLifetime + 2 * clockSkew + validatorLeeway,
      // Verifiers obey the max-age that is sent, and a token is valid until its exp, whatever the policy says.
      jwksMaxAge: observed.maxAge ?? jwksMaxAge,
      tokenLifetime: Math.max(seen, tokenLifetime),
    },
  }
}
