/**
 * S = 600, M = 300, K = 10: announced for 910 s. L = 600 and a leeway of 60: retiring for 680 s.
 */
export const policy = {
  tokenLifetime: 600,
  jwksMaxAge: 300,
  clockSkew: 10,
  validatorLeeway: 60,
  refreshInterval: 60,
  refreshTimeout: 30,
  listingDelay: 0,
  maxSetAge: 600,
  rotationInterval: 10_000,
} as const

export const create = { keyType: 'ec-p256' } as const
