import type { FastifyInstance } from 'fastify'
import { publicDocument } from '../headers/cross-origin.ts'
import type { Service } from '../service.ts'
import { authenticationMethods } from './client-authentication.ts'
import { verifiableAlgorithms } from '../settings/client-key.ts'

/** The paths of the endpoints, relative to the issuer. */
export const paths = {
  token: '/connect/token',
  openIdConfiguration: '/.well-known/openid-configuration',
  jwks: '/.well-known/openid-configuration/jwks',
} as const

/** The metadata of OpenID Connect Discovery, and the JWK Set. */
export function metadata(service: Service): (app: FastifyInstance) => Promise<void> {
  return async (app) => {
    // Fastify's own HEAD route adds a Content-Length of 0 to a 304.
    app.route({
      method: ['GET', 'HEAD'],
      url: paths.jwks,
      handler(request, reply) {
        const answer = service.ring.jwksResponse({ ifNoneMatch: request.headers['if-none-match'] })
        reply.code(answer.status).headers(answer.headers)
        // Without a payload a 304 has no Content-Type and no Content-Length. Sent as bytes: to text Fastify would add a
        // charset, which the media type does not have.
        return answer.body === '' ? reply.send() : reply.send(Buffer.from(answer.body))
      },
    })
    app.get(paths.openIdConfiguration, (_request, reply) =>
      reply.headers(headersOf(service)).send({
        ...describeServer(service),
        // OpenID Connect Discovery §3 requires these, and its clients check; there are no ID tokens here. It also requires
        // authorization_endpoint, which is left out because there is none.
        subject_types_supported: ['public'],
        id_token_signing_alg_values_supported: service.algorithms(),
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
      reply.headers(headersOf(service)).send(describeServer(service)),
    )
  }
}

function headersOf({ ring }: Service): Readonly<Record<string, string>> {
  return { ...publicDocument, 'cache-control': `public, max-age=${ring.policy.jwksMaxAge}` }
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
