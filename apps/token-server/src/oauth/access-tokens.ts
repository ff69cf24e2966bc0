import type { SigningKey } from '@sealwright/core'
import { createJwtIssuer } from '@sealwright/jws'
import type { Client } from '../settings/settings.ts'
import type { Grant } from './scopes.ts'

/** How long a key that is not in this process may take to sign, in milliseconds. */
const signingDeadline = 3000

export interface AccessTokenOptions {
  readonly key: SigningKey
  /** The JOSE `alg`. */
  readonly algorithm: string
  readonly issuer: string
  readonly clock: () => Date
}

/** Issues access tokens as RFC 9068 has them. */
export interface AccessTokens {
  /**
   * @throws SealwrightError or a `TimeoutError` when the key cannot sign now
   */
  issue(client: Client, grant: Grant): Promise<string>
}

export function createAccessTokens(options: AccessTokenOptions): AccessTokens {
  const { key, algorithm, issuer, clock } = options
  const jwts = createJwtIssuer(key, { issuer, algorithm, clock, x5tS256: key.certificates.length > 0 })

  return {
    issue(client, { scopes, audience }) {
      const iat = Math.floor(clock().getTime() / 1000)
      const claims = {
        aud: audience,
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
