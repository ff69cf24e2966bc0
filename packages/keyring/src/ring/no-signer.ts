import { SealwrightError } from '@sealwright/core'
import type { Moment } from './decision.ts'
import type { RingEntry } from './ring-state.ts'

/**
 * Why no key signs, and when to ask again.
 *
 * @param algorithm null for the default
 * @param now milliseconds since 1970
 */
export function noSigner(
  algorithm: string | null,
  { state, otherwise }: Moment,
  now: number,
): SealwrightError {
  const what = algorithm === null ? 'tokens' : algorithm
  const lanes = state.lanes.filter((lane) => lane.algorithm === algorithm)
  if (otherwise !== null && lanes.some(({ timeline }) => timeline.active !== null)) {
    return new SealwrightError(
      'UNAVAILABLE',
      'the system clock jumped; the active key cannot be determined yet. Retry in 5 s.',
      { retryAfter: 5 },
    )
  }
  const starts = lanes
    .flatMap(({ timeline }) => timeline.versions.filter((each) => each.state === 'announced'))
    .map(({ startsAt }) => startsAt)
  const start = Math.min(...starts)
  if (!Number.isFinite(start)) {
    const states = state.entries.map((entry) => describe(entry, now)).join(', ')
    return new SealwrightError(
      'UNAVAILABLE',
      `no active key for ${what}: ${states || 'the ring has no keys'}`,
    )
  }
  return new SealwrightError(
    'UNAVAILABLE',
    `no active key for ${what} before ${new Date(start).toISOString()}`,
    { retryAfter: Math.ceil((start - now) / 1_000) },
  )
}

function describe({ ringKey: { key, notAfter }, state }: RingEntry, now: number): string {
  const hasEnded = notAfter !== null && notAfter.getTime() <= now
  return hasEnded && state !== 'revoked'
    ? `${key.keyId} expired on ${notAfter.toISOString()}`
    : `${key.keyId} is ${state}`
}
