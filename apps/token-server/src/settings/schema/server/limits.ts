import { z } from 'zod'
import { orNull, type Section } from '../section.ts'
import type { ReferenceProblem } from '../tokens/references.ts'

/** The limits of the token endpoint. null turns one off. */
export interface LimitSettings {
  /** Requests from one IPv4 address or one IPv6 /64. */
  readonly addressRequestsPerMinute: number | null
  /** Tokens for one client. */
  readonly clientTokensPerMinute: number | null
  /** Different wrong secrets of one client from one address, until the client is locked for that address. */
  readonly wrongSecrets: number | null
}

const perMinute = orNull(z.int().min(1).max(100_000_000))

export const limits: Section<LimitSettings> = {
  schema: z
    .strictObject({
      addressRequestsPerMinute: perMinute,
      clientTokensPerMinute: perMinute,
      wrongSecrets: z
        .int()
        .min(0)
        .max(1000)
        .default(10)
        .transform((count) => (count === 0 ? null : count)),
    })
    .prefault({}),
}

/** Addresses are limited only where they are known: otherwise all clients would have that of the proxy in front. */
export function limitProblems(sections: {
  readonly limits?: LimitSettings | undefined
  readonly trustedProxies?: readonly string[] | null | undefined
}): readonly ReferenceProblem[] {
  if (sections.trustedProxies !== null || (sections.limits?.addressRequestsPerMinute ?? null) === null)
    return []
  const path = ['limits', 'addressRequestsPerMinute']
  return [{ path, message: 'needs TRUSTED_PROXIES: the addresses of the proxies in front, or "none"' }]
}
