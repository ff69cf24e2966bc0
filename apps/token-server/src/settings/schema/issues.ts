import type { z } from 'zod'

const types: Readonly<Record<string, string>> = {
  array: 'must be a list',
  boolean: 'must be true or false',
  number: 'must be a number',
  int: 'must be a whole number',
  object: 'must be an object',
  string: 'must be text',
}

/**
 * The message for an issue whose schema has none. It does not quote the value, and uses the words of this program, not
 * those of zod.
 */
export function describeIssue(issue: z.core.$ZodRawIssue): string {
  switch (issue.code) {
    case 'invalid_type':
      return issue.input === undefined ? 'is missing' : (types[issue.expected] ?? 'has the wrong type')
    case 'invalid_value':
      return `must be ${issue.values.length === 1 ? '' : 'one of '}${issue.values.map(asText).join(', ')}`
    case 'too_small':
      return `must ${limit(issue.origin)} at least ${String(issue.minimum)}${unit(issue.origin, issue.minimum)}`
    case 'too_big':
      return `must ${limit(issue.origin)} at most ${String(issue.maximum)}${unit(issue.origin, issue.maximum)}`
    case 'invalid_format':
      return issue.format === 'datetime'
        ? 'must be a date and time with an offset, such as 2030-01-31T00:00:00Z'
        : 'has the wrong format'
    case 'invalid_union':
      return issue.input === undefined ? 'is missing' : 'has the wrong type'
    default:
      return 'is not valid'
  }
}

function asText(value: unknown): string {
  return typeof value === 'string' ? `"${value}"` : String(value)
}

function limit(origin: string): string {
  return origin === 'string' || origin === 'array' ? 'have' : 'be'
}

function unit(origin: string, count: number | bigint): string {
  const plural = Number(count) === 1 ? '' : 's'
  if (origin === 'string') return ` character${plural}`
  return origin === 'array' ? ` item${plural}` : ''
}

/** `clients[0].scopes[1]` */
export function formatPath(path: readonly PropertyKey[]): string {
  const text = path.map((step) => (typeof step === 'number' ? `[${step}]` : `.${String(step)}`)).join('')
  return text.replace(/^\./, '')
}
