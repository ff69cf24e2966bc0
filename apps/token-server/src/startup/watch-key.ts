import type { SigningKey } from '@sealwright/core'
import type { FastifyBaseLogger } from 'fastify'
import { keyWarnings } from './warnings.ts'

const millisecondsPerHour = 60 * 60 * 1000

/**
 * Looks at the certificate of the key that signs every hour while the server runs. Each warning is logged once, and a certificate
 * that has expired once a day.
 *
 * @param keyOfNow throws when none may sign: then the last one is looked at
 * @param known the warnings that were given at the start
 * @returns a function that ends it
 */
export function watchKey(
  keyOfNow: () => SigningKey,
  logger: Pick<FastifyBaseLogger, 'warn'>,
  known: readonly string[],
  clock: () => Date = () => new Date(),
): () => void {
  const given = new Set(known)
  let key = keyOfNow()
  let day = clock().toISOString().slice(0, 10)
  const timer = setInterval(() => {
    const now = clock()
    try {
      key = keyOfNow()
    } catch {
      // The token endpoint says why.
    }
    const today = now.toISOString().slice(0, 10)
    const isNewDay = today !== day
    day = today
    const isExpired = key.notAfter !== null && key.notAfter <= now
    for (const warning of keyWarnings(key, now)) {
      if (given.has(warning) && !(isNewDay && isExpired)) continue
      given.add(warning)
      logger.warn({ keyId: key.keyId, location: key.location, notAfter: key.notAfter }, warning)
    }
  }, millisecondsPerHour).unref()
  return () => clearInterval(timer)
}
