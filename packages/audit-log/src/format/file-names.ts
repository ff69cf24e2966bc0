import { randomBytes } from 'node:crypto'

/** A file of the log: the stream it belongs to, and its number in the stream, from 1. */
export interface FileName {
  readonly stream: string
  readonly number: number
}

const streamForm = String.raw`\d{8}T\d{6}Z-[0-9a-f]{16}`
const fileName = new RegExp(`^audit-(${streamForm})\\.(\\d{6,9})\\.jsonl$`)
const streamName = new RegExp(`^${streamForm}$`)

/** A name for a new stream: the time in UTC, so that names are in the order of time, and 64 random bits. */
export function newStream(now: Date): string {
  const time = now.toISOString().replaceAll(/[-:]|\.\d+/g, '')
  return `${time}-${randomBytes(8).toString('hex')}`
}

export function isStream(value: unknown): value is string {
  return typeof value === 'string' && streamName.test(value)
}

export function formatFileName({ stream, number }: FileName): string {
  return `audit-${stream}.${String(number).padStart(6, '0')}.jsonl`
}

/** @returns null when the name is not that of a file of the log */
export function parseFileName(name: string): FileName | null {
  const [, stream, number] = fileName.exec(name) ?? []
  if (stream === undefined || number === undefined) return null
  const parsed = { stream, number: Number(number) }
  // `0000001` would be a second name for `000001`.
  return parsed.number > 0 && formatFileName(parsed) === name ? parsed : null
}

/** The files of each stream in their order. The oldest stream is first. */
export function groupByStream(names: readonly string[]): ReadonlyMap<string, readonly FileName[]> {
  const files = names.map(parseFileName).filter((name) => name !== null)
  const streams = new Map<string, FileName[]>()
  for (const file of files.toSorted((a, b) => compare(a.stream, b.stream) || a.number - b.number)) {
    const before = streams.get(file.stream)
    if (before === undefined) streams.set(file.stream, [file])
    else before.push(file)
  }
  return streams
}

function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b)
}
