import type { IncomingMessage, ServerResponse } from 'node:http'
import { issuerDocuments, type IssuerDocumentsOptions, type KeyRing } from '@sealwright/keyring'
import type { JWTPayload } from 'jose'
import { getClaims, Refusal, setClaims, tokenVerifier, type TokenOptions } from './shared/bearer.ts'
import { aKeyRing } from './shared/ring.ts'

export type { TokenOptions }

/** A middleware of Express 4 and 5, and of anything else that follows Connect. */
export type Middleware = (
  request: IncomingMessage,
  response: ServerResponse,
  next: (error?: unknown) => void,
) => void | Promise<void>

/**
 * Returns a middleware that serves the JWK Set of a ring and the metadata of its issuer (`issuerDocuments` of
 * `@sealwright/keyring`). The paths are those of the issuer's URL; other requests pass through.
 *
 * @throws SealwrightError `INVALID_ARGUMENT`
 *
 * @example
 * ```ts
 * import { wellKnown } from '@sealwright/integrations/express'
 * import type { KeyRing } from '@sealwright/keyring'
 * import express from 'express'
 *
 * export function build(ring: KeyRing) {
 *   return express().use(wellKnown(ring, { issuer: 'https://auth.example.com' }))
 * }
 * ```
 */
export function wellKnown(ring: KeyRing, options: IssuerDocumentsOptions): Middleware {
  aKeyRing('ring', ring)
  const documents = new Map(issuerDocuments(ring, options).map(({ path, respond }) => [path, respond]))
  return (request, response, next) => {
    const respond = ['GET', 'HEAD'].includes(request.method ?? '')
      ? documents.get(pathOf(request))
      : undefined
    if (respond === undefined) return next()
    const { status, headers, body } = respond({ ifNoneMatch: request.headers['if-none-match'] })
    answer(response, status, headers, body)
  }
}

/**
 * Returns a middleware that verifies the access token of a request with jose. It refuses requests without a valid token
 * as in RFC 6750 §3: 401, 400 for a malformed header, or 503 while the keys of the issuer cannot be read.
 *
 * @throws SealwrightError `INVALID_ARGUMENT`
 *
 * @example
 * ```ts
 * import { claimsOf, requireToken } from '@sealwright/integrations/express'
 * import express from 'express'
 *
 * const withToken = requireToken({
 *   issuer: 'https://auth.example.com',
 *   audience: 'https://api.example.com',
 *   keys: new URL('https://auth.example.com/.well-known/jwks.json'),
 * })
 * const app = express()
 * app.get('/me', withToken, (request, response) => void response.json(claimsOf(request)))
 * ```
 */
export function requireToken(options: TokenOptions): Middleware {
  const verify = tokenVerifier(options)
  return async (request, response, next) => {
    try {
      const result = await verify(request)
      if (result instanceof Refusal) return answer(response, result.status, result.headers, '')
      setClaims(request, result)
    } catch (error) {
      // Express 4 and Connect ignore the promise, so a rejection would end the process.
      return next(error)
    }
    next()
  }
}

/**
 * Returns the claims of the token that {@link requireToken} has verified.
 *
 * @throws SealwrightError `INVALID_ARGUMENT` for a request that it has not verified
 *
 * @example
 * ```ts
 * import { claimsOf } from '@sealwright/integrations/express'
 * import type { Request } from 'express'
 *
 * export const whoAmI = (request: Request) => claimsOf(request).sub
 * ```
 */
export function claimsOf(request: IncomingMessage): JWTPayload {
  return getClaims(request)
}

/** In a router Express takes the router's own path off `url`. */
function pathOf(request: IncomingMessage & { readonly originalUrl?: string }): string {
  const [path = ''] = (request.originalUrl ?? request.url ?? '').split('?')
  return path
}

function answer(
  response: ServerResponse,
  status: number,
  headers: Readonly<Record<string, string>>,
  body: string,
): void {
  response.statusCode = status
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value)
  response.end(body)
}
