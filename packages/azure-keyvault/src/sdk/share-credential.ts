import type { AccessToken, GetTokenOptions, TokenCredential } from '@azure/identity'
import { SealwrightError, untilAborted } from '@sealwright/core'
import { PendingWork } from '../pending-work.ts'

/** The SDK's clients begin to renew a token two minutes before it expires; a token this young is not asked for again. */
const renewBefore = 2 * 60_000

/** Everybody waits for the one request, so one that hangs must not be waited for until its socket dies. */
const defaultTimeout = 10_000

/**
 * One token for all clients of a vault. Each SDK client keeps its own token, asks for it by itself and lets the first
 * caller's abort end the request that the others wait for as well. This asks the credential once for all of them, for as
 * long as the answer is good, and lets no single caller end it.
 *
 * Failures leave as SealwrightError: `ACCESS_DENIED` when the authority refused the identity, otherwise `UNAVAILABLE`.
 *
 * @param timeout milliseconds for one token, after which the request is ended and the next caller asks anew
 */
export function shareCredential(
  credential: TokenCredential,
  timeout: number = defaultTimeout,
): TokenCredential {
  const tokens = new Map<string, AccessToken>()
  const requests = new PendingWork<AccessToken>()

  return {
    async getToken(scopes: string | string[], options: GetTokenOptions = {}): Promise<AccessToken> {
      const key = JSON.stringify([scopes, options.tenantId])
      const known = options.claims === undefined ? tokens.get(key) : undefined
      if (known !== undefined && isFresh(known)) return known

      const { tenantId, claims, enableCae } = options
      const start = async (): Promise<AccessToken> => {
        const token = await requestToken(credential, timeout, scopes, {
          ...(tenantId !== undefined && { tenantId }),
          ...(claims !== undefined && { claims }),
          ...(enableCae !== undefined && { enableCae }),
        })
        // One that was overtaken by a claims challenge brings the token that was revoked.
        if (requests.get(key) === request) tokens.set(key, token)
        return token
      }
      // A claims challenge revokes the token at hand, so it is never answered with the request of another caller.
      const request = claims === undefined ? requests.share(key, start) : requests.replace(key, start)
      return request
    },
  }
}

function isFresh(token: AccessToken): boolean {
  const now = Date.now()
  return token.expiresOnTimestamp - renewBefore > now && (token.refreshAfterTimestamp ?? Infinity) > now
}

async function requestToken(
  credential: TokenCredential,
  timeout: number,
  scopes: string | string[],
  options: GetTokenOptions,
): Promise<AccessToken> {
  const abortSignal = AbortSignal.timeout(timeout)
  let token: AccessToken | null
  try {
    // Not every credential heeds the signal.
    token = await untilAborted(credential.getToken(scopes, { ...options, abortSignal }), abortSignal)
  } catch (error) {
    if (!abortSignal.aborted) throw tokenError(error)
    throw new SealwrightError('UNAVAILABLE', `the authority gave no token for Key Vault in ${timeout} ms`, {
      cause: error,
    })
  }
  if (token === null) throw new SealwrightError('ACCESS_DENIED', 'the credential has no token for Key Vault')
  return token
}

function tokenError(error: unknown): SealwrightError {
  // The first line says what happened; what follows are hints, ids and times of the authority.
  const reason = error instanceof Error ? (error.message.split(/[\r\n]/, 1)[0] ?? '').slice(0, 300) : ''
  return isRefusal(error)
    ? new SealwrightError(
        'ACCESS_DENIED',
        `the authority refused the identity a token for Key Vault: ${reason}`,
        { cause: error },
      )
    : new SealwrightError('UNAVAILABLE', `there is no token for Key Vault: ${reason}`, { cause: error })
}

/**
 * Whether the authority answered with a refusal. The credentials have several error classes for it, which they use for
 * failures of the network as well; but a refusal comes with its OAuth code (RFC 6749 §5.2), at the start of the message.
 */
function isRefusal(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  // A chain of credentials fails with the errors of all its links.
  if ('errors' in error && Array.isArray(error.errors)) return error.errors.some(isRefusal)
  return /^(invalid_(client|grant|request|resource|scope)|unauthorized_client|access_denied)\b/.test(
    error.message,
  )
}
