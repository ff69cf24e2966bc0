import type { KeyRingPolicyOptions } from '@sealwright/keyring'

/** A version is announced for three seconds: the times of a key ring are about as short as they can be. */
export const shortestTimes: KeyRingPolicyOptions = {
  jwksMaxAge: 0,
  clockSkew: 1,
  validatorLeeway: 0,
  refreshInterval: 1,
  refreshTimeout: 1,
  listingDelay: 0,
  maxSetAge: 2,
}
