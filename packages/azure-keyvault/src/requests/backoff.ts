/** The first wait, in milliseconds. Each further one is twice as long, up to the longest. */
const firstDelay = 100
const longestDelay = 2_000

/**
 * How long to wait before the next attempt. The delay grows exponentially and its upper half is random, so that callers that
 * failed together do not retry together.
 *
 * @param attempt 0 for the wait after the first attempt
 * @returns milliseconds
 */
export function backoff(attempt: number): number {
  const delay = Math.min(longestDelay, firstDelay * 2 ** attempt)
  return delay * (0.5 + Math.random() / 2)
}
