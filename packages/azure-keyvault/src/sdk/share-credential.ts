import type { AccessToken, GetTokenOptions, TokenCredential } from '@azure/identity'
import { SealwrightError } from '@sealwright/core'
import { untilAborted } from '@sealwright/core/internal'
import { connectionError, tokenError } from '../errors/credential-errors.ts'
import { PendingWork } from '../pending-work.ts'
import { watchConnections } from './watch-connections.ts'

/** How long before its expiry a token is renewed, in milliseconds, as in the SDK's clients. */
const renewBefore = 2 * 60_000

/** How long before its expiry a token is no longer used, in milliseconds: it must still be good when it arrives. */
const useBefore = 10_000

/** The least time between two attempts to renew a token that is still good, in milliseconds. It protects the authority. */
const renewalInterval = 3_000

/** All callers wait for one request, so a hanging one must end before its socket dies. */
const defaultTimeout = 10_000

/**
 * The least time between two requests that bypass the credential's own cache, in milliseconds. It protects the
 * authority.
 */
const bypassInterval = 10_000

/**
 * The claims with which MSAL always asks for a token for clients that know claims challenges. Naming them makes it ask the
 * authority instead of its cache.
 */
const bypassingClaims = '{"access_token":{"xms_cc":{"values":["cp1"]}}}'

/** The credential that all clients of a vault share. */
export interface SharedCredential extends TokenCredential {
  getToken(scopes: string | string[], options?: GetTokenOptions): Promise<AccessToken>
  /** The token that replaces this one: the same token until it is refused or expires. */
  current(token: string): Promise<string>
  /** The vault did not accept the token. The next caller gets a new one. */
  refuse(token: string): void
  /** The authority that callers wait for; null if none does. */
  waitingFor(): string | null
}

/** How {@link shareCredential} asks for tokens. */
export interface ShareCredentialOptions {
  /** Milliseconds for one token, after which the request is ended and the next caller starts a new one. Default 10,000. */
  readonly timeout?: number | undefined
  /** The authority that the vault names, for messages. */
  readonly authority?: (() => string | null) | undefined
}

interface Request {
  readonly scopes: string | string[]
  readonly options: Pick<GetTokenOptions, 'tenantId' | 'enableCae'>
  readonly claims: string | undefined
}

/**
 * One token for all clients of a vault. Each SDK client keeps its own token, asks for it by itself, keeps using it after
 * the vault has refused it, and lets the first caller's abort end the request that the others wait for as well. This asks
 * the credential once for all of them, for as long as the answer is good, and lets no single caller end it. Nobody waits for
 * the renewal of a token that is still good, so a short failure of the authority is no failure of the vault's callers.
 *
 * Failures leave as SealwrightError: `ACCESS_DENIED` when the authority refused the identity, otherwise `UNAVAILABLE`.
 */
export function shareCredential(
  credential: TokenCredential,
  options: ShareCredentialOptions = {},
): SharedCredential {
  return new Shared(credential, options)
}

class Shared implements SharedCredential {
  readonly #credential: TokenCredential
  readonly #timeout: number
  readonly #authority: () => string
  readonly #tokens = new Map<string, AccessToken>()
  readonly #requests = new PendingWork<AccessToken>()
  /** How each token in use was asked for. */
  readonly #origins = new Map<string, Request>()
  readonly #refused = new Set<string>()
  /** How many callers wait for a token. */
  #waiting = 0
  #renewedAt = Number.NEGATIVE_INFINITY
  #bypassedAt = Number.NEGATIVE_INFINITY

  constructor(credential: TokenCredential, { timeout, authority }: ShareCredentialOptions) {
    this.#credential = credential
    this.#timeout = timeout ?? defaultTimeout
    this.#authority = () => authority?.() ?? 'the authority'
  }

  getToken(scopes: string | string[], options: GetTokenOptions = {}): Promise<AccessToken> {
    const { tenantId, claims, enableCae } = options
    const request = {
      scopes,
      options: {
        ...(tenantId !== undefined && { tenantId }),
        ...(enableCae !== undefined && { enableCae }),
      },
      claims,
    }
    const key = JSON.stringify([scopes, tenantId])
    const known = claims === undefined ? this.#tokens.get(key) : undefined
    const isGood = known !== undefined && known.expiresOnTimestamp - useBefore > Date.now()
    if (isGood && !this.#isRenewalDue(known)) return Promise.resolve(known)
    const start = async (): Promise<AccessToken> => {
      const token = await this.#ask(request)
      // A request that was overtaken by a claims challenge returns the revoked token.
      if (this.#requests.get(key) === pending) this.#keep(key, request, token)
      return token
    }
    // A claims challenge revokes the token at hand, so it is never answered with the request of another caller.
    const pending =
      claims === undefined ? this.#requests.share(key, start) : this.#requests.replace(key, start)
    if (!isGood) return this.#waitFor(pending)
    this.#renewedAt = performance.now()
    // The next caller tries again, and gets the error once the token is no longer good.
    pending.catch(() => undefined)
    return Promise.resolve(known)
  }

  async current(token: string): Promise<string> {
    const origin = this.#origins.get(token)
    if (origin === undefined) return token
    return (await this.getToken(origin.scopes, origin.options)).token
  }

  refuse(token: string): void {
    for (const [key, known] of this.#tokens) if (known.token === token) this.#tokens.delete(key)
    this.#refused.add(token)
  }

  waitingFor(): string | null {
    return this.#waiting === 0 ? null : this.#authority()
  }

  async #waitFor(pending: Promise<AccessToken>): Promise<AccessToken> {
    this.#waiting++
    try {
      return await pending
    } finally {
      this.#waiting--
    }
  }

  #isRenewalDue(token: AccessToken): boolean {
    return !isFresh(token) && performance.now() - this.#renewedAt >= renewalInterval
  }

  #keep(key: string, { scopes, options }: Request, token: AccessToken): void {
    this.#tokens.set(key, token)
    this.#origins.set(token.token, { scopes, options, claims: undefined })
    // The clients still use the previous token, and may use the one before that.
    for (const old of this.#origins.keys()) {
      if (this.#origins.size <= 2 * this.#tokens.size + 8) break
      this.#origins.delete(old)
      this.#refused.delete(old)
    }
  }

  async #ask(request: Request): Promise<AccessToken> {
    const token = await this.#request(request)
    if (!this.#refused.has(token.token) || performance.now() - this.#bypassedAt < bypassInterval) return token
    // The refused token is still in the credential's own cache.
    this.#bypassedAt = performance.now()
    return this.#request({ ...request, claims: request.claims ?? bypassingClaims }).catch(() => token)
  }

  async #request({ scopes, options, claims }: Request): Promise<AccessToken> {
    const timeout = AbortSignal.timeout(this.#timeout)
    const final = new AbortController()
    const abortSignal = AbortSignal.any([timeout, final.signal])
    let token: AccessToken | null
    try {
      const getTokenOptions = { ...options, ...(claims !== undefined && { claims }), abortSignal }
      const ask = (): Promise<AccessToken | null> => this.#credential.getToken(scopes, getTokenOptions)
      // Not every credential heeds the signal.
      token = await untilAborted(
        watchConnections(ask, (failure) => {
          const error = connectionError(failure, this.#authority())
          // The credential would try again for seconds.
          if (error !== null) final.abort(error)
        }),
        abortSignal,
      )
    } catch (error) {
      if (final.signal.aborted) throw final.signal.reason
      if (!timeout.aborted) throw tokenError(error, this.#authority())
      throw new SealwrightError(
        'UNAVAILABLE',
        `${this.#authority()} returned no token for Key Vault within ${this.#timeout} ms; check that it can be reached from here`,
        { cause: error, retryAfter: 1 },
      )
    }
    if (token === null) {
      throw new SealwrightError('ACCESS_DENIED', 'the credential returned no token for Key Vault')
    }
    return token
  }
}

function isFresh(token: AccessToken): boolean {
  const now = Date.now()
  return token.expiresOnTimestamp - renewBefore > now && (token.refreshAfterTimestamp ?? Infinity) > now
}
