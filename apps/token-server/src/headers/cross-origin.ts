import type { FastifyCorsOptions } from '@fastify/cors'

/** Public documents may be read by pages of every origin. */
export const publicDocument = { 'access-control-allow-origin': '*' } as const

/** Pages of these origins may request tokens without browser credentials: this server does not use them. */
export function tokenCors(origins: readonly string[]): FastifyCorsOptions {
  return {
    origin: [...origins],
    methods: ['POST'],
    allowedHeaders: ['authorization', 'content-type', 'x-request-id'],
    exposedHeaders: ['retry-after', 'www-authenticate', 'x-request-id'],
    // Browsers cache it for two hours at most.
    maxAge: 7200,
    strictPreflight: true,
  }
}
