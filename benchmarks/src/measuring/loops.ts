/** Does something `count` times, one after the other, without a promise. */
export function repeat(count: number, operation: () => unknown): void {
  for (let done = 0; done < count; done++) operation()
}

/**
 * Does something `count` times, with a fixed number at once.
 *
 * @param onLast called when the last one has begun: from then on fewer run at once
 */
export async function concurrently(
  inFlight: number,
  count: number,
  operation: () => unknown,
  onLast?: () => void,
): Promise<void> {
  let started = 0
  async function work(): Promise<void> {
    while (started < count) {
      started++
      const pending = operation()
      if (started === count) onLast?.()
      await pending
    }
  }
  await Promise.all(Array.from({ length: Math.min(inFlight, count) }, work))
}
