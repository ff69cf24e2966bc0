export const millisecondsPerDay: number = 24 * 60 * 60 * 1000

/** The time of a claim, in seconds since 1970, which can be any number. */
export function timeText(seconds: number): string {
  const time = new Date(seconds * 1_000)
  return Number.isNaN(time.getTime()) ? 'not a time' : time.toISOString()
}
