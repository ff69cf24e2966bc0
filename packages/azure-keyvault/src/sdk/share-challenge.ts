import { createHttpHeaders, type PipelinePolicy, type PipelineResponse } from '@azure/core-rest-pipeline'

/** The policy that shares a challenge, and what the challenge says. */
export interface SharedChallenge {
  readonly policy: PipelinePolicy
  /** The authority that the vault sends its callers to, a URL; null before the vault has named one. */
  authority(): string | null
}

/**
 * Requests the vault's authentication challenge once. Every SDK client sends its first request without a token, to be
 * told in a 401 which authority to ask, and a store has a client for each key version. This remembers the challenge and
 * answers those probes from memory. The clients still check the challenge against the vault's host.
 *
 * The policy belongs behind the client's own authentication policy (position `perRetry`) and is shared by all clients of a
 * vault.
 */
export function shareChallenge(): SharedChallenge {
  let challenge: string | null = null
  let probe: Promise<PipelineResponse> | null = null

  function remember(response: PipelineResponse): void {
    const header = response.headers.get('www-authenticate')
    // A challenge for claims concerns one token and names no authority to remember.
    if (response.status === 401 && header?.includes('authorization=') === true) challenge = header
  }

  const policy: PipelinePolicy = {
    name: 'shareChallenge',
    async sendRequest(request, next) {
      if (request.headers.has('authorization')) {
        const response = await next(request)
        remember(response)
        return response
      }
      if (challenge === null && probe !== null) {
        // Callers wait while the first probe is out. When it fails, the next one takes its place.
        await probe.catch(() => null)
        return policy.sendRequest(request, next)
      }
      if (challenge !== null) {
        return { request, status: 401, headers: createHttpHeaders({ 'WWW-Authenticate': challenge }) }
      }
      probe = next(request)
      try {
        const response = await probe
        remember(response)
        return response
      } finally {
        probe = null
      }
    },
  }
  return { policy, authority: () => /\bauthorization="([^"]{1,200})"/.exec(challenge ?? '')?.[1] ?? null }
}
