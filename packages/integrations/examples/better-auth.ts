import { jwksRoute, ringJwt } from '@sealwright/integrations/better-auth'
import type { KeyRing } from '@sealwright/keyring'
import { betterAuth, type BetterAuthOptions } from 'better-auth'
import { jwt } from 'better-auth/plugins/jwt'

/** Handlers of Web requests, such as the route handlers of Next.js. */
interface Routes {
  readonly auth: (request: Request) => Promise<Response>
  readonly jwks: (request: Request) => Response
}

export function routes(ring: KeyRing, baseURL: string, more: BetterAuthOptions): Routes {
  const jwksUrl = `${baseURL}/.well-known/jwks.json`
  const auth = betterAuth({ ...more, baseURL, plugins: [jwt(ringJwt(ring, { jwksUrl }))] })
  return { auth: auth.handler, jwks: jwksRoute(ring) }
}
