import type { KeyRingPolicyOptions } from '@sealwright/keyring'
import { z } from 'zod'
import type { Section } from '../section.ts'

const seconds = z.int('must be a whole number of seconds').optional()

/** All of the policy but the lifetime of tokens, which the clients have. Its bounds are the ring's. */
export const keyRing: Section<KeyRingPolicyOptions> = {
  schema: z
    .strictObject({
      jwksMaxAge: seconds,
      clockSkew: seconds,
      validatorLeeway: seconds,
      refreshInterval: seconds,
      refreshTimeout: seconds,
      listingDelay: seconds,
      maxSetAge: seconds,
      announcement: seconds,
      retention: seconds,
      rotationInterval: seconds,
    })
    .default({}),
}

export const identityServerKeyIds: Section<boolean> = { schema: z.boolean().default(false) }
