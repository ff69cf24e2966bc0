import type { SigningKey } from '@sealwright/core'
import { createJwtIssuer, type JwtIssuer } from '@sealwright/jws'
import type { FastifyRequest } from 'fastify'
import type { Service } from '../service.ts'
import type { Audience, Client, Settings } from '../settings/settings.ts'
import type { Grant } from './scopes.ts'

/** Milliseconds that a key outside this process may take to sign. */
const signingDeadline = 3000

/** Issues access tokens (RFC 9068). */
export interface AccessTokens {
  /**
   * @param request the request that the token is for
   * @throws SealwrightError or a `TimeoutError` if the key cannot sign now; UnrecordedError if the audit log cannot be written
   */
  issue(client: Client, grant: Grant, request: FastifyRequest): Promise<string>
}

/** The parts of the server that take part in issuing a token. */
type IssuingService = Pick<Service, 'ring' | 'issuer' | 'clock' | 'activity' | 'audit' | 'telemetry'>

export function createAccessTokens(
  { ring, issuer, clock, activity, audit, telemetry }: IssuingService,
  { accessTokens: { typ, nbfLeeway }, signingAlgorithms }: Settings,
): AccessTokens {
  // One issuer for each key, audience and lifetime: it encodes the header and the common claims once. The settings have only
  // a few audiences and lifetimes.
  const issuersOf = (key: SigningKey): ((audience: Audience, lifetime: number) => JwtIssuer) => {
    const common = { clock, typ, x5tS256: key.certificates.length > 0 }
    const issuers = new Map<Audience, Map<number, JwtIssuer>>()
    return (audience, lifetime) => {
      let byLifetime = issuers.get(audience)
      if (byLifetime === undefined) issuers.set(audience, (byLifetime = new Map()))
      let known = byLifetime.get(lifetime)
      if (known === undefined) {
        known = createJwtIssuer(key, { ...common, issuer: issuer(), audience, lifetime })
        byLifetime.set(lifetime, known)
      }
      return known
    }
  }
  const byDefault = ring.perKey(issuersOf)
  const byAlgorithm: ReadonlyMap<string | null, typeof byDefault> = new Map(
    signingAlgorithms.map((name) => [name, ring.perKey(issuersOf, name)]),
  )

  return {
    async issue(client, { scopes, audience, algorithm }, request) {
      const issuers = byAlgorithm.get(algorithm) ?? byDefault
      const jwts = issuers()(audience, client.accessTokenLifetime)
      audit?.assertWritable()
      const claims = {
        // There is no user, so the client is the subject (RFC 9068 §2.2).
        sub: client.clientId,
        client_id: client.clientId,
        scope: scopes.join(' '),
        ...(nbfLeeway > 0 && validFrom(clock(), nbfLeeway)),
      }
      const issue = (): Promise<string> =>
        jwts.canIssueSync
          ? jwts.issue(claims)
          : jwts.issue(claims, { signal: AbortSignal.timeout(signingDeadline) })
      const started = activity.start()
      const measurement = telemetry?.begin(jwts, request)
      let token: string
      try {
        token = await (measurement === undefined ? issue() : measurement.run(issue))
        measurement?.succeeded()
      } catch (error) {
        measurement?.failed(error)
        throw error
      }
      const milliseconds = activity.signed(started)
      if (audit !== null) await audit.record(token, jwts.keyId, client.clientId)
      activity.issued(milliseconds)
      return token
    },
  }
}

/** For APIs whose clocks are behind: a token that is valid from before it was issued. */
function validFrom(now: Date, leeway: number): { readonly iat: number; readonly nbf: number } {
  const iat = Math.floor(now.getTime() / 1000)
  return { iat, nbf: iat - leeway }
}
