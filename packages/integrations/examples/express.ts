import { claimsOf, requireToken, wellKnown } from '@sealwright/integrations/express'
import { createJwtIssuer } from '@sealwright/jws'
import type { KeyRing } from '@sealwright/keyring'
import express, { type Express } from 'express'

export function build(ring: KeyRing, issuer: string): Express {
  const app = express()
  const audience = 'https://api.example.com'
  const tokens = ring.perKey((key) => createJwtIssuer(key, { issuer, audience }))
  app.use(wellKnown(ring, { issuer }))
  app.post('/token', async (_request, response) => {
    response.send(await tokens().issue({ sub: 'alice', client_id: 'shop' })) // once the client is authenticated
  })
  app.get('/me', requireToken({ issuer, audience, keys: ring }), (request, response) => {
    response.json(claimsOf(request))
  })
  return app
}
