import { issuerDocuments, type IssuerDocumentsOptions, type KeyRing } from '@sealwright/keyring'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { JWTPayload } from 'jose'
import { getClaims, Refusal, setClaims, tokenVerifier, type TokenOptions } from './shared/bearer.ts'
import { aKeyRing } from './shared/ring.ts'

export type { TokenOptions }

/**
 * Returns a plugin that serves the JWK Set of a ring and the metadata of its issuer (`issuerDocuments` of
 * `@sealwright/keyring`). Register it at the root: the paths are those of the issuer's URL.
 *
 * @throws SealwrightError `INVALID_ARGUMENT`
 *
 * @example
 * ```ts
 * import { wellKnown } from '@sealwright/integrations/fastify'
 * import type { KeyRing } from '@sealwright/keyring'
 * import Fastify from 'fastify'
 *
 * export function build(ring: KeyRing) {
 *   const app = Fastify()
 *   app.register(wellKnown(ring, { issuer: 'https://auth.example.com' }))
 *   return app
 * }
 * ```
 */
export function wellKnown(
  ring: KeyRing,
  options: IssuerDocumentsOptions,
): (app: FastifyInstance) => Promise<void> {
  aKeyRing('ring', ring)
  const documents = issuerDocuments(ring, options)
  return async (app) => {
    for (const { path, respond } of documents) {
      app.route({
        // Fastify's own HEAD route adds a Content-Length of 0 to a 304.
        method: ['GET', 'HEAD'],
        url: path,
        handler(request, reply) {
          const { status, headers, body } = respond({ ifNoneMatch: request.headers['if-none-match'] })
          reply.code(status).headers(headers)
          // As bytes: to text Fastify would add a charset, which the media type does not have.
          return body === '' ? reply.send() : reply.send(Buffer.from(body))
        },
      })
    }
  }
}

/**
 * Returns a hook that verifies the access token of a request with jose. It refuses requests without a valid token as in
 * RFC 6750 §3: 401, 400 for a malformed header, or 503 while the keys of the issuer cannot be read.
 *
 * @throws SealwrightError `INVALID_ARGUMENT`
 *
 * @example
 * ```ts
 * import { claimsOf, requireToken } from '@sealwright/integrations/fastify'
 * import Fastify from 'fastify'
 *
 * const onRequest = requireToken({
 *   issuer: 'https://auth.example.com',
 *   audience: 'https://api.example.com',
 *   keys: new URL('https://auth.example.com/.well-known/jwks.json'),
 * })
 * const app = Fastify()
 * app.get('/me', { onRequest }, (request) => claimsOf(request))
 * ```
 */
export function requireToken(
  options: TokenOptions,
): (request: FastifyRequest, reply: FastifyReply) => Promise<void> {
  const verify = tokenVerifier(options)
  return async (request, reply) => {
    const result = await verify({ headers: request.headers, rawHeaders: request.raw.rawHeaders })
    if (result instanceof Refusal) {
      if (result.cause !== undefined)
        request.log.error({ err: result.cause }, 'the keys of the issuer cannot be read')
      await reply.code(result.status).headers(result.headers).send()
    } else setClaims(request, result)
  }
}

/**
 * Returns the claims of the token that {@link requireToken} has verified.
 *
 * @throws SealwrightError `INVALID_ARGUMENT` for a request that it has not verified
 *
 * @example
 * ```ts
 * import { claimsOf } from '@sealwright/integrations/fastify'
 * import type { FastifyRequest } from 'fastify'
 *
 * export const whoAmI = (request: FastifyRequest) => claimsOf(request).sub
 * ```
 */
export function claimsOf(request: FastifyRequest): JWTPayload {
  return getClaims(request)
}
