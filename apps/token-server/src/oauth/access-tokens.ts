import type { SigningKey } from '@sealwright/core'
import { createJwtIssuer } from '@sealwright/jws'
import type { Client, Resource } from '../settings/settings.ts'

/** How long a key that is not in this process may take to sign, in milliseconds. */
const signingDeadline = 3000

export interface AccessTokenOptions {
  readonly key: SigningKey
  /** The JOSE `alg`. */
  readonly algorithm: string
  readonly issuer: string
  readonly resources: readonly Resource[]
  readonly clock: () => Date
}

/** Issues access tokens as RFC 9068 has them. */
export interface AccessTokens {
  /**
   * @param scopes those granted; the audience follows from them
   * @throws SealwrightError or a `TimeoutError` when the key cannot sign now
   */
  issue(client: Client, scopes: readonly string[]): Promise<string>
}

export function createAccessTokens(options: AccessTokenOptions): AccessTokens {
  const { key, algorithm, issuer, resources, clock } = options
  const jwts = createJwtIssuer(key, { issuer, algorithm, clock, x5tS256: key.certificates.length > 0 })

  return {
    issue(client, scopes) {
      const iat = Math.floor(clock().getTime() / 1000)
      const claims = {
        aud: audienceOf(scopes, resources),
        // No user takes part, so the client is the subject (RFC 9068 §2.2).
        sub: client.clientId,
        client_id: client.clientId,
        scope: scopes.join(' '),
        iat,
        exp: iat + client.accessTokenLifetime,
      }
      return jwts.canIssueSync
        ? jwts.issue(claims)
        : jwts.issue(claims, { signal: AbortSignal.timeout(signingDeadline) })
    },
  }
}

/** The APIs that the scopes belong to (RFC 9068 §3): a string for one, as most are, a list for several. */
function audienceOf(scopes: readonly string[], resources: readonly Resource[]): string | readonly string[] {
  const audiences = resources
    .filter((resource) => resource.scopes.some((scope) => scopes.includes(scope)))
    .map((resource) => resource.audience)
  const [first, second] = audiences
  return first !== undefined && second === undefined ? first : audiences
}
