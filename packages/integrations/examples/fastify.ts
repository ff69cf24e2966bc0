import { claimsOf, requireToken, wellKnown } from '@sealwright/integrations/fastify'
import { createJwtIssuer } from '@sealwright/jws'
import type { KeyRing } from '@sealwright/keyring'
import Fastify, { type FastifyInstance } from 'fastify'

export function build(ring: KeyRing, issuer: string): FastifyInstance {
  const app = Fastify()
  const audience = 'https://api.example.com'
  const tokens = ring.perKey((key) => createJwtIssuer(key, { issuer, audience }))
  app.register(wellKnown(ring, { issuer }))
  app.post('/token', () => tokens().issue({ sub: 'alice', client_id: 'shop' })) // once the client is authenticated
  app.get('/me', { onRequest: requireToken({ issuer, audience, keys: ring }) }, (request) =>
    claimsOf(request),
  )
  return app
}
