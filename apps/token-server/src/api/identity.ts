import type { SignatureAlgorithm } from '@sealwright/core'
import type { PublishedJwks } from '@sealwright/keyring'
import type { FastifyInstance } from 'fastify'
import { createLocalJWKSet, errors, jwtVerify, type JWTPayload } from 'jose'
import { verifiableAlgorithms } from '../settings/client-key.ts'
import type { Service } from '../service.ts'
import { invalidSetting } from '../settings/invalid-setting.ts'
import type { Settings } from '../settings/settings.ts'
import { BearerError, isCanonical, readBearerToken } from './bearer.ts'

/** Where the sample API is, below the issuer. */
export const identityPath = '/api/identity'

/** The scope that the sample API requires. Its audience is that of the resource with the scope. */
export const identityScope = 'api1'

/** Whether the sample API exists: the settings have its scope, and jose can verify the algorithm of the key. */
export function hasIdentityApi(settings: Settings, algorithm: SignatureAlgorithm): boolean {
  return verifiableAlgorithms.includes(algorithm.name) && identityAudience(settings) !== undefined
}

function identityAudience(settings: Settings): string | undefined {
  return settings.resources.find((resource) => resource.scopes.includes(identityScope))?.audience
}

/** The tolerance for clocks of different servers, in seconds. */
const clockTolerance = 30

/**
 * A sample API: it returns the claims of the access token. It verifies the token with jose and the JWK Set, like an API on
 * another machine.
 *
 * @throws SealwrightError `INVALID_ARGUMENT` if no resource has its scope: see {@link hasIdentityApi}
 */
export function identityApi(service: Service): (app: FastifyInstance) => Promise<void> {
  const audience = requireAudience(service.settings)
  const keySet = keySetOf(service)

  async function verify(token: string): Promise<JWTPayload> {
    if (!isCanonical(token)) throw invalidToken('the token is not valid here')
    try {
      const { payload } = await jwtVerify(token, keySet(), {
        algorithms: [service.algorithm.name],
        typ: 'at+jwt',
        issuer: service.issuer(),
        audience,
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
      reply.header('cache-control', 'no-store')
      const claims = await verify(readBearerToken(request.headers.authorization))
      const scopes = typeof claims['scope'] === 'string' ? claims['scope'].split(' ') : []
      if (!scopes.includes(identityScope)) {
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

/** The JWK Set of now, made ready once for as long as it stays the same. */
function keySetOf({ ring }: Service): () => ReturnType<typeof createLocalJWKSet> {
  let made: { readonly of: PublishedJwks; readonly keySet: ReturnType<typeof createLocalJWKSet> } | null =
    null
  return () => {
    const of = ring.jwks()
    if (made?.of !== of)
      made = { of, keySet: createLocalJWKSet({ keys: of.keys.map((key) => ({ ...key })) }) }
    return made.keySet
  }
}

/** Without an audience, jose would accept tokens for any API. */
function requireAudience(settings: Settings): string {
  const audience = identityAudience(settings)
  if (audience === undefined)
    throw invalidSetting(`no resource has ${identityScope}, the scope of the sample API`)
  return audience
}

function invalidToken(description: string): BearerError {
  return new BearerError(401, 'invalid_token', description)
}
