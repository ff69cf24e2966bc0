import picocolors from 'picocolors'
import { millisecondsPerDay } from '../time.ts'
import type { Terminal } from './terminal.ts'

/** Colours for standard output; none where they are off. */
export function colorsOf({ colors }: Pick<Terminal, 'colors'>): ReturnType<typeof picocolors.createColors> {
  return picocolors.createColors(colors)
}

/** The days that are left, or `EXPIRED`. */
export function daysLeft(notAfter: Date, now: Date = new Date()): string {
  if (notAfter < now) return 'EXPIRED'
  const days = Math.floor((notAfter.getTime() - now.getTime()) / millisecondsPerDay)
  return `${days} day${days === 1 ? '' : 's'} left`
}

/**
 * Colours what a person should notice in a line. The line is printable already, so the colours of a file cannot get into it.
 */
export function highlight(line: string, terminal: Pick<Terminal, 'colors'>): string {
  const { red, yellow, green } = colorsOf(terminal)
  return (
    line
      .replace(/\b(?:EXPIRED|INVALID)$/, red)
      // Under 30 days it is time to renew.
      .replace(/\b[012]?\d days? left$/, yellow)
      .replace(/^\s*(?:problem|cannot sign):.*$/, red)
      .replace(/^error\b/, red)
      .replace(/^\s*weak:.*$/, yellow)
      .replace(/^warning\b/, yellow)
      .replace(/^(?:valid token|ok)\b/, green)
  )
}
