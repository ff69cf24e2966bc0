/** The first wait, in milliseconds; each further one is twice as long, up to the longest. */
const firstDelay = 100
const longestDelay = 2_000

/**
 * How long to wait before the next attempt: exponential, with the upper half random, so that callers who failed together
 * don't come back together.
 *
 * @param attempt 0 for the wait after the first attempt
 * @returns milliseconds
 */
export function backoff(attempt: number): number {
  const delay = Math.min(longestDelay, firstDelay * 2 ** attempt)
  return delay * (0.5 + Math.random() / 2)
}

/** A header that asks for longer is mistaken, or not the vault's: everybody would wait on its word alone. */
const longestRetryAfter = 60_000

/**
 * The wait that an answer's headers ask for, in milliseconds, 60,000 at most; null when they ask for none. Key Vault's
 * 429s carry none, but a gateway before it may: `Retry-After` in seconds or as a date (RFC 9110 §10.2.3).
 */
export function retryAfterOf(header: string | undefined, now: Date): number | null {
  if (header === undefined) return null
  if (/^\d+$/.test(header)) return Math.min(longestRetryAfter, Number(header) * 1_000)
  // Date.parse takes nearly anything; a date of HTTP begins with its day.
  const date = /^[A-Z][a-z]{2}, /.test(header) ? Date.parse(header) : Number.NaN
  return Number.isNaN(date) ? null : Math.min(longestRetryAfter, Math.max(0, date - now.getTime()))
}
