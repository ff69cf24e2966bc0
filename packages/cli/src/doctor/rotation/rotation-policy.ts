import { keyRingPolicy, type KeyRingPolicy, type KeyRingPolicyOptions } from '@sealwright/keyring'

/** A century, in seconds. */
const longestLifetime = 100 * 366 * 86_400

/**
 * The policy that the servers have, as the user says. It may be impossible: that is what is to be found out.
 *
 * @param observed what the server sends, and how long its token is valid, in seconds; null where there is none
 */
export function rotationPolicy(
  options: KeyRingPolicyOptions,
  observed: { readonly maxAge: number | null; readonly tokenLifetime: number | null },
): KeyRingPolicy {
  const defaults = keyRingPolicy()
  // The token says it, and may say anything.
  const seen = observed.tokenLifetime ?? 0
  const tokenLifetimeSeen = seen > 0 ? Math.min(seen, longestLifetime) : null
  const given = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined))
  const told: KeyRingPolicy = {
    ...defaults,
    ...(observed.maxAge !== null && { jwksMaxAge: observed.maxAge }),
    ...(tokenLifetimeSeen !== null && { tokenLifetime: tokenLifetimeSeen }),
    ...given,
  }
  const { maxSetAge, jwksMaxAge, clockSkew, tokenLifetime, validatorLeeway } = told
  return {
    ...told,
    announcement: options.announcement ?? maxSetAge + jwksMaxAge + clockSkew,
    retention: options.retention ?? tokenLifetime + 2 * clockSkew + validatorLeeway,
    // Validators obey what is sent, and tokens live as long as they do, whatever the policy says.
    jwksMaxAge: observed.maxAge ?? jwksMaxAge,
    tokenLifetime: Math.max(tokenLifetimeSeen ?? 0, tokenLifetime),
  }
}
