/** A header that asks for longer is a mistake, or not the vault's. It would hold up every caller. */
const longestRetryAfter = 60_000

/**
 * The wait that an answer's headers ask for, in milliseconds, at most 60,000; null if none. Key Vault's 429s have no
 * such header, but those of a gateway may: `Retry-After` in seconds or as a date (RFC 9110 §10.2.3).
 */
export function retryAfterOf(header: string | undefined, now: Date): number | null {
  if (header === undefined) return null
  if (/^\d+$/.test(header)) return Math.min(longestRetryAfter, Number(header) * 1_000)
  // Date.parse accepts nearly anything. An HTTP date begins with the day of the week.
  const date = /^[A-Z][a-z]{2}, /.test(header) ? Date.parse(header) : Number.NaN
  return Number.isNaN(date) ? null : Math.min(longestRetryAfter, Math.max(0, date - now.getTime()))
}
