import type { KeyRing, KeyRingKeyStatus } from '@sealwright/keyring'
import type { FastifyBaseLogger } from 'fastify'
import { certificateProblem, signingKeys } from '../checks/warnings.ts'

const millisecondsPerHour = 60 * 60 * 1000

/**
 * Checks the certificates of the keys that sign, every hour while the server runs. Each problem of a key is logged once, except that an
 * expired certificate is logged once a day. Where no key signs any more, the last ones are checked.
 *
 * The problems that there are at the start are not logged: the start does that.
 *
 * @param algorithms the JOSE `alg`s that tokens are signed with; empty for the key's own
 * @returns a function that stops the checks
 */
export function watchKeys(
  ring: Pick<KeyRing, 'status'>,
  algorithms: readonly string[],
  logger: Pick<FastifyBaseLogger, 'warn'>,
  clock: () => Date = () => new Date(),
): () => void {
  const last = new Map<string | null, readonly KeyRingKeyStatus[]>()
  const given = new Set<string>()
  let day = dayOf(clock())

  /** The keys that sign now; of an algorithm that no key signs, the last ones. */
  function keysOfNow(): Iterable<KeyRingKeyStatus> {
    const keys = signingKeys(ring.status())
    for (const algorithm of algorithms.length === 0 ? [null] : algorithms) {
      const found = keys.filter((key) => algorithm === null || key.algorithms.includes(algorithm))
      if (found.length > 0) last.set(algorithm, found)
    }
    return new Map([...last.values()].flat().map((key) => [key.keyId, key])).values()
  }

  function check(warn: (key: KeyRingKeyStatus, problem: string) => void): void {
    const now = clock()
    const isNewDay = dayOf(now) !== day
    day = dayOf(now)
    for (const key of keysOfNow()) {
      const problem = certificateProblem(key, now)
      const id = `${key.keyId} ${problem}`
      const isExpired = key.notAfter !== null && key.notAfter <= now
      if (problem === null || (given.has(id) && !(isNewDay && isExpired))) continue
      given.add(id)
      warn(key, problem)
    }
  }

  check(() => undefined)
  const timer = setInterval(() => {
    check(({ keyId, location, notAfter }, problem) => {
      logger.warn({ keyId, location, notAfter }, `the certificate of the signing key ${problem}`)
    })
  }, millisecondsPerHour).unref()
  return () => clearInterval(timer)
}

function dayOf(time: Date): string {
  return time.toISOString().slice(0, 10)
}
