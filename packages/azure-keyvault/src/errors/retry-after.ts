/** A header that asks for longer is a mistake, or not the vault's. It would hold up every caller. */
const longestRetryAfter = 60_000

/**
 * The wait that an answer's headers ask for, in milliseconds, at most 60,000; null if none. Key Vault's 429s have no
 * such header, but those of a gateway may: `Retry-After` in seconds or as a date (RFC 9110 §10.2.3). `0`, and a date that has
 * passed by this machine's clock, count as none: the caller then waits as it does without the header.
 */
export function retryAfterOf(header: string | undefined, now: Date): number | null {
  const wait = /^\d+$/.test(header ?? '') ? Number(header) * 1_000 : untilDate(header ?? '', now)
  return wait > 0 ? Math.min(longestRetryAfter, wait) : null
}

/** NaN for a text that is not a date. */
function untilDate(text: string, now: Date): number {
  // Date.parse accepts nearly anything. An HTTP date begins with the day of the week.
  return /^[A-Z][a-z]{2}, /.test(text) ? Date.parse(text) - now.getTime() : Number.NaN
}
