import type { PipelinePolicy } from '@azure/core-rest-pipeline'
import { readErrorBody } from '../errors/error-bodies.ts'
import type { SharedCredential } from './share-credential.ts'

/**
 * Sends every request with the current token, and requests a new one when the vault refuses it. The SDK's clients keep
 * their own token until it expires, even after the vault has refused it.
 *
 * It belongs behind the client's own authentication policy (position `perRetry`), which sends the request once more after
 * a 401.
 */
export function replaceRefusedTokens(credential: SharedCredential): PipelinePolicy {
  return {
    name: 'replaceRefusedTokens',
    async sendRequest(request, next) {
      const given = /^Bearer (.+)$/i.exec(request.headers.get('authorization') ?? '')?.[1]
      if (given === undefined) return next(request)
      const token = await credential.current(given)
      request.headers.set('authorization', `Bearer ${token}`)
      const response = await next(request)
      // AKV10046: a part of the service does not know the authority's key yet. Another token would not help.
      if (response.status === 401 && !isAboutKeys(response.bodyAsText)) credential.refuse(token)
      return response
    },
  }
}

function isAboutKeys(body: string | null | undefined): boolean {
  return /\bAKV10046\b/.test(readErrorBody(body ?? null).message ?? '')
}
