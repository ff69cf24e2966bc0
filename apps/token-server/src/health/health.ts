import type { Signer } from '@sealwright/core'
import type { FastifyInstance } from 'fastify'
import type { Service } from '../service.ts'

/** Milliseconds between two uses of the key, however often readiness is asked for. */
const freshFor = 5000

const deadline = 3000

/** Bytes that cannot be a token, a certificate or a certificate request. */
const probe = new TextEncoder().encode('readiness probe')

/**
 * `/health/live`: the process is running. `/health/ready`: the key can sign now. `keySetAge` is the age of
 * the keys that were read from their store, in seconds. At `maxKeySetAge` the server stops signing.
 */
export function health(service: Service): (app: FastifyInstance) => Promise<void> {
  const canSign = createProbe(() => service.ring.signer(), service.clock)

  return async (app) => {
    app.addHook('onRequest', async (_request, reply) => {
      reply.header('cache-control', 'no-store')
    })
    app.get('/health/live', async () => ({ status: 'live' }))
    app.get('/health/ready', async (request, reply) => {
      const error = await canSign()
      const { age } = service.ring.status()
      const { maxSetAge } = service.ring.policy
      const keySet = { keySetAge: age, maxKeySetAge: maxSetAge }
      if (error === null) return { status: 'ready', ...keySet }
      request.log.error({ err: error }, 'the key cannot sign')
      return reply
        .code(503)
        .header('retry-after', '5')
        .send({ status: 'the signing key cannot be used', ...keySet })
    })
  }
}

/** Returns a function that resolves with null if the key can sign, and with the error if not. Concurrent calls share one probe. */
function createProbe(signerOfNow: () => Signer, clock: () => Date): () => Promise<unknown> {
  let result: Promise<unknown> | null = null
  let startedAt = 0
  return () => {
    const now = clock().getTime()
    if (result === null || now - startedAt >= freshFor || now < startedAt) {
      startedAt = now
      result = signWith(signerOfNow)
    }
    return result
  }
}

/** Null when it signs, and otherwise why not. */
async function signWith(signerOfNow: () => Signer): Promise<unknown> {
  try {
    await signerOfNow().sign(probe, { signal: AbortSignal.timeout(deadline) })
    return null
  } catch (error) {
    return error
  }
}
