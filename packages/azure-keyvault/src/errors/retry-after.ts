/** A header that asks for longer is mistaken, or not the vault's. Every caller would wait on its word alone. */
const longestRetryAfter = 60_000

/**
 * The wait that an answer's headers ask for, in milliseconds, 60,000 at most; null when they ask for none. Key Vault's
 * 429s have none, but a gateway before it may: `Retry-After` in seconds or as a date (RFC 9110 §10.2.3).
 */
export function retryAfterOf(header: string | undefined, now: Date): number | null {
  if (header === undefined) return null
  if (/^\d+$/.test(header)) return Math.min(longestRetryAfter, Number(header) * 1_000)
  // Date.parse takes nearly anything. A date of HTTP begins with its day.
  const date = /^[A-Z][a-z]{2}, /.test(header) ? Date.parse(header) : Number.NaN
  return Number.isNaN(date) ? null : Math.min(longestRetryAfter, Math.max(0, date - now.getTime()))
}
