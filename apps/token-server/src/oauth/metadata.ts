import type { FastifyInstance } from 'fastify'
import type { Service } from '../service.ts'
import { authenticationMethods } from './client-authentication.ts'
import { verifiableAlgorithms } from '../settings/client-key.ts'

/** Seconds that metadata and JWK Set may be kept; the ring announces a new key for longer. */
export const maximumAge = 300

const cacheControl = `public, max-age=${maximumAge}`

/** The paths of the endpoints, relative to the issuer. */
export const paths = {
  token: '/connect/token',
  openIdConfiguration: '/.well-known/openid-configuration',
  jwks: '/.well-known/openid-configuration/jwks',
} as const

/** The metadata of OpenID Connect Discovery, and the JWK Set. */
export function metadata(service: Service): (app: FastifyInstance) => Promise<void> {
  return async (app) => {
    app.get(paths.jwks, (request, reply) => {
      const answer = service.ring.jwksResponse({ ifNoneMatch: request.headers['if-none-match'] })
      // As bytes: to text Fastify would add a charset, which the media type does not have.
      return reply.code(answer.status).headers(answer.headers).send(Buffer.from(answer.body))
    })
    app.get(paths.openIdConfiguration, (_request, reply) =>
      reply.header('cache-control', cacheControl).send({
        ...describeServer(service),
        // OpenID Connect Discovery §3 requires these, and its clients check; there are no ID tokens here. It also requires
        // authorization_endpoint, which is left out because there is none.
        subject_types_supported: ['public'],
        id_token_signing_alg_values_supported: [service.algorithm.name],
      }),
    )
  }
}

/** The metadata of RFC 8414, which is at the root and not below the path of the issuer. */
export function authorizationServerMetadata(
  service: Service,
  issuerPath: string,
): (app: FastifyInstance) => Promise<void> {
  return async (app) => {
    app.get(wellKnown + issuerPath, (_request, reply) =>
      reply.header('cache-control', cacheControl).send(describeServer(service)),
    )
  }
}

const wellKnown = '/.well-known/oauth-authorization-server'

/** RFC 8414 §3.1: the well-known part is before the path of the issuer; OpenID Connect appends it. */
export function authorizationServerMetadataUrl(issuer: string): string {
  const { origin, pathname } = new URL(issuer)
  return origin + wellKnown + pathname.replace(/\/$/, '')
}

/** RFC 8414 §2. */
function describeServer({ issuer, settings }: Service): Record<string, unknown> {
  return {
    issuer: issuer(),
    token_endpoint: issuer() + paths.token,
    jwks_uri: issuer() + paths.jwks,
    scopes_supported: settings.resources.flatMap((resource) => resource.scopes),
    // Required; empty because there is no authorization endpoint.
    response_types_supported: [],
    grant_types_supported: ['client_credentials'],
    token_endpoint_auth_methods_supported: authenticationMethods,
    token_endpoint_auth_signing_alg_values_supported: verifiableAlgorithms,
  }
}
