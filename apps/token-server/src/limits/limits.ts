import type { FastifyRequest } from 'fastify'
import { networkOf } from '../proxies/address.ts'
import { clientAddress } from '../proxies/client-address.ts'
import type { Settings } from '../settings/settings.ts'
import { Counter, type ShareCounts } from './counter.ts'
import { Lockout } from './lockout.ts'

/** What counts the requests of the token endpoint. null for what is not limited. */
export interface Limits {
  /** By the client's network, before anything else is done for a request. */
  readonly requests: Counter | null
  /** By client, once it has authenticated: others cannot use up its limit. */
  readonly tokens: Counter | null
  readonly lockout: Lockout | null
}

export const noLimits: Limits = { requests: null, tokens: null, lockout: null }

const minute = 60_000

/**
 * Without trusted proxies the address of a client is not known, and nothing is limited by address. All clients may have
 * the address of a proxy in front, and someone who sends wrong secrets could lock a client for everyone.
 *
 * @param share for counts that servers share. Default: this process counts for itself
 */
export function createLimits(
  { limits, trustedProxies }: Pick<Settings, 'limits' | 'trustedProxies'>,
  share?: ShareCounts,
): Limits {
  const counter = (name: string, limit: number | null): Counter | null => {
    if (limit === null) return null
    const counts = { limit, window: minute }
    return new Counter({ ...counts, shared: share?.(name, counts) })
  }
  const { addressRequestsPerMinute, clientTokensPerMinute, wrongSecrets } = limits
  const knowsAddresses = trustedProxies !== null
  return {
    requests: knowsAddresses ? counter('requests', addressRequestsPerMinute) : null,
    tokens: counter('tokens', clientTokensPerMinute),
    lockout: knowsAddresses && wrongSecrets !== null ? new Lockout({ limit: wrongSecrets, share }) : null,
  }
}

/** What the requests of a client are counted by. */
export function networkOfRequest(request: FastifyRequest): string {
  return networkOf(clientAddress(request))
}
