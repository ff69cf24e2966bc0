import type { SigningKey } from '@sealwright/core'
import type { FastifyBaseLogger } from 'fastify'
import { keyWarnings } from '../checks/warnings.ts'

const millisecondsPerHour = 60 * 60 * 1000

/**
 * Checks the certificate of the signing key every hour while the server runs. Each warning is logged once, except that an
 * expired certificate is logged once a day.
 *
 * @param keyOfNow throws if no key may sign; then the last key is checked
 * @param known the warnings that were given at the start
 * @returns a function that stops the checks
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
