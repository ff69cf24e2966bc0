import { jwtProblem } from '@sealwright/core/internal'
import type { PublishedJwks } from '@sealwright/keyring'
import type { FastifyInstance } from 'fastify'
import { createLocalJWKSet, errors, jwtVerify, type JWTPayload } from 'jose'
import { verifiableAlgorithms } from '../settings/client-key.ts'
import type { Service } from '../service.ts'
import type { Settings } from '../settings/settings.ts'
import { BearerError, readBearerToken } from './bearer.ts'

/** Where the sample API is, below the issuer. */
export const identityPath = '/api/identity'

/** The scope that the sample API requires. Its audience is that of the resource with the scope. */
export const identityScope = 'api1'

/**
 * Whether the sample API answers: the settings have its scope, and jose can verify one of the algorithms that tokens are
 * signed with now.
 */
export function hasIdentityApi(settings: Settings, algorithms: readonly string[]): boolean {
  return verifiable(algorithms).length > 0 && identityAudience(settings) !== undefined
}

function verifiable(algorithms: readonly string[]): string[] {
  return algorithms.filter((name) => verifiableAlgorithms.includes(name))
}

/** The audience of the sample API; undefined if no resource has its scope. */
export function identityAudience(settings: Settings): string | readonly string[] | undefined {
  return settings.resources.find((resource) => resource.scopes.includes(identityScope))?.audience
}

/** The tolerance for clocks of different servers, in seconds. */
const clockTolerance = 30

/**
 * A sample API: it returns the claims of the access token. It verifies the token with jose and the JWK Set, like an API on
 * another machine. It exists only if a resource has its scope.
 */
export function identityApi(service: Service): (app: FastifyInstance) => Promise<void> {
  const verification = verificationOf(service)

  async function verify(token: string, audience: string | readonly string[]): Promise<JWTPayload> {
    if (jwtProblem(token) !== null) throw invalidToken('the token is not valid here')
    const { keySet, algorithms } = verification()
    try {
      const { payload } = await jwtVerify(token, keySet, {
        algorithms,
        typ: service.settings.accessTokens.typ,
        issuer: service.issuer(),
        audience: [audience].flat(),
        requiredClaims: ['exp', 'iat', 'jti', 'sub', 'client_id'],
        currentDate: service.clock(),
        clockTolerance,
      })
      return payload
    } catch (error) {
      if (!(error instanceof errors.JOSEError)) throw error
      const expired = error instanceof errors.JWTExpired
      throw invalidToken(expired ? 'the token has expired' : 'the token is not valid here')
    }
  }

  return async (app) => {
    app.get(identityPath, async (request, reply) => {
      // Without an audience, jose would accept tokens for any API.
      const audience = identityAudience(service.settings)
      if (audience === undefined || verification().algorithms.length === 0) return reply.callNotFound()
      reply.header('cache-control', 'no-store')
      const claims = await verify(readBearerToken(request.raw), audience)
      const { scope } = claims
      if (typeof scope !== 'string' || !scope.split(' ').includes(identityScope)) {
        throw new BearerError(
          403,
          'insufficient_scope',
          `the token lacks the scope ${identityScope}`,
          identityScope,
        )
      }
      return claims
    })
  }
}

/** The keys and algorithms that verify tokens. */
interface Verification {
  readonly of: PublishedJwks
  readonly keySet: ReturnType<typeof createLocalJWKSet>
  readonly algorithms: string[]
}

/** The current JWK Set and its algorithms, prepared again only when they change. */
function verificationOf({ ring, algorithms }: Service): () => Verification {
  let made: Verification | null = null
  return () => {
    const of = ring.jwks()
    if (made?.of === of) return made
    const keySet = createLocalJWKSet({ keys: of.keys.map((key) => ({ ...key })) })
    made = { of, keySet, algorithms: verifiable(algorithms()) }
    return made
  }
}

function invalidToken(description: string): BearerError {
  return new BearerError(401, 'invalid_token', description)
}
