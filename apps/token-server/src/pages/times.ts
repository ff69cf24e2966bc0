const units = [
  { name: 'day', seconds: 86_400 },
  { name: 'hour', seconds: 3_600 },
  { name: 'minute', seconds: 60 },
] as const

const relative = new Intl.RelativeTimeFormat('en', { numeric: 'always' })

/** Such as `in 59 minutes` or `2 days ago`. */
export function fromNow(date: Date, now: Date): string {
  const seconds = Math.round((date.getTime() - now.getTime()) / 1_000)
  const unit = units.find((each) => Math.abs(seconds) >= 2 * each.seconds)
  if (unit !== undefined) return relative.format(Math.trunc(seconds / unit.seconds), unit.name)
  return seconds === 0 ? 'now' : relative.format(seconds, 'second')
}

/** Such as `2026-11-26 09:00:00 UTC`. */
export function utc(date: Date): string {
  return `${date.toISOString().slice(0, 19).replace('T', ' ')} UTC`
}
