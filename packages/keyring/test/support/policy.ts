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

/**
 * Small numbers, so that everything can be enumerated. S = 2, M = 2, K = 2: announced for 6 s at least. L = 3 and a leeway of 1:
 * retiring for 8 s at least.
 */
export const smallTimes = {
  tokenLifetime: 3,
  jwksMaxAge: 2,
  clockSkew: 2,
  validatorLeeway: 1,
  refreshInterval: 1,
  refreshTimeout: 1,
  listingDelay: 0,
  maxSetAge: 2,
} as const
