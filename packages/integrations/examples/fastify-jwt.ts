import fastifyJwt from '@fastify/jwt'
import { verifyOptions } from '@sealwright/integrations/fastify-jwt'
import type { KeyRing } from '@sealwright/keyring'
import Fastify, { type FastifyInstance } from 'fastify'

export function api(keys: KeyRing | URL, issuer: string): FastifyInstance {
  const app = Fastify()
  app.register(fastifyJwt, verifyOptions({ issuer, audience: 'https://api.example.com', keys }))
  app.get('/me', { onRequest: (request) => request.jwtVerify() }, (request) => request.user)
  return app
}
