import type { FastifyInstance } from 'fastify'
import type { Service } from '../service.ts'
import { SigningProbe } from './signing-probe.ts'

/**
 * - `/health/live`: the process is running.
 * - `/health/ready`: this server should get requests. It stays ready while the key cannot sign: servers share their vault, so
 *   none would be left to serve the JWK Set, and valid tokens would be refused everywhere.
 * - `/health/signing`: the key can sign now, and tokens can be recorded.
 *
 * `keySetAge` is the age of the keys that were read from their store, in seconds. At `maxKeySetAge` the server stops signing
 * and serves no JWK Set.
 */
export function health(service: Service): (app: FastifyInstance) => Promise<void> {
  const { ring, draining, redis, audit, clock } = service
  const probe = new SigningProbe(() => ring.signer(), clock)
  const describeKeys = (): { keySetAge: number | null; maxKeySetAge: number } => ({
    keySetAge: ring.status().age,
    maxKeySetAge: ring.policy.maxSetAge,
  })
  const describeRedis = (): { redis?: string } =>
    redis === null ? {} : { redis: redis.isAvailable ? 'available' : 'unavailable' }
  const describeAudit = (): { audit?: string } =>
    audit === null ? {} : { audit: audit.isAvailable ? 'available' : 'unavailable' }

  return async (app) => {
    app.addHook('onRequest', async (_request, reply) => {
      reply.header('cache-control', 'no-store')
    })
    app.get('/health/live', async () => ({ status: 'live' }))
    // Load balancers wait a second or two, so this does not wait for anything.
    app.get('/health/ready', async (_request, reply) => {
      const servesJwks = ring.jwksResponse({}).status !== 503
      const isReady = servesJwks && !draining.hasBegun
      const status = draining.hasBegun ? 'draining' : servesJwks ? 'ready' : 'no JWK Set can be served'
      const signing = probe.last()?.state ?? 'unknown'
      return reply
        .code(isReady ? 200 : 503)
        .send({ status, signing, ...describeRedis(), ...describeAudit(), ...describeKeys() })
    })
    app.get('/health/signing', async (request, reply) => {
      const { state, error } = await probe.current()
      const canRecord = audit?.isAvailable ?? true
      if (state === 'available' && canRecord) return { status: state, ...describeAudit(), ...describeKeys() }
      // The audit log itself has logged why it cannot be written.
      if (state === 'unavailable') request.log.error({ err: error }, 'the key cannot sign')
      return reply
        .code(503)
        .header('retry-after', '5')
        .send({ status: 'unavailable', ...describeAudit(), ...describeKeys() })
    })
  }
}
