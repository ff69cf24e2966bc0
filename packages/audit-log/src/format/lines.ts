import { isRecord } from '@sealwright/core/internal'
import { isStream } from './file-names.ts'
import type { Head } from './chain.ts'

/** What every line has. */
interface AnyLine {
  /** The number of the line in its stream, from 1. */
  readonly sequence: number
  /** When the line was written: ISO 8601, UTC, with milliseconds. */
  readonly time: string
  /** Only the last line of a batch has it. */
  readonly chain?: string
}

/** A token. */
interface TokenLine extends AnyLine {
  readonly jti: string
  readonly kid: string
  readonly client_id: string
  /** SHA-256 of the JWS Signing Input, base64url. */
  readonly digest: string
}

/** The end of another stream, as a new stream found it. */
export interface SeenHead extends Head {
  readonly stream: string
}

/** The first line of a file. */
export interface OpenLine extends AnyLine {
  readonly event: 'open'
  readonly version: 1
  readonly stream: string
  /** The number of the file in its stream. */
  readonly file: number
  /** Where the chain continues from; null in the first file. */
  readonly previous: (Head & { readonly file: number }) | null
  readonly host: string
  readonly pid: number
  /** Seconds between two seals. */
  readonly seal_interval: number
  /** The other streams in the folder; in the first file only. */
  readonly seen: readonly SeenHead[]
}

/** What the next seal is for: this line and all before it. `close` is the end of the stream. */
interface MarkLine extends AnyLine {
  readonly event: 'mark' | 'close'
}

/** The signature for the last mark. */
export interface SealLine extends AnyLine {
  readonly event: 'seal'
  /** In JWS Compact Serialization; see seal.ts. */
  readonly jws: string
  /** The public key. Only its thumbprint decides whether it is trusted. */
  readonly jwk: Readonly<Record<string, unknown>>
}

export type AuditLine = TokenLine | OpenLine | MarkLine | SealLine

/** The longest line. Only that of a key for ML-DSA has more than a few hundred bytes. */
export const maximumLineLength: number = 64 * 1024

/** The longest `jti`, `kid` and `client_id`, in UTF-16 units. */
export const maximumNameLength = 1024

/** The longest time between two seals, in seconds. */
export const maximumSealInterval = 3600

/** How many other streams the first line of a stream names at most. */
export const maximumSeen = 100

/**
 * A line without its number, its time and its chain value, as the writer puts it together.
 *
 * @param members the members of a line in their order
 */
export function fragment(members: Readonly<Record<string, unknown>>): string {
  return JSON.stringify(members).slice(1, -1)
}

/**
 * Reads a line.
 *
 * @returns null for anything that the writer would not have written, such as a further member or a space
 */
export function parseLine(text: string): AuditLine | null {
  try {
    const line: unknown = JSON.parse(text)
    // This also finds members that occur twice. It throws for a line that is nested thousands of times.
    if (!isRecord(line) || JSON.stringify(line) !== text) return null
    return isAuditLine(line) ? line : null
  } catch {
    return null
  }
}

type Test = (value: unknown) => boolean
type Shape = Readonly<Record<string, Test>>

const isCount: Test = (value) => Number.isSafeInteger(value) && Number(value) > 0
const isTime: Test = (value) =>
  // Throws for a month 13. No gap between seals can be computed from such a time.
  typeof value === 'string' && /^\d{4}-/.test(value) && new Date(value).toISOString() === value
const isHash: Test = (value) => typeof value === 'string' && /^[\w-]{43}$/.test(value)
const isName: Test = (value) =>
  typeof value === 'string' && value.length > 0 && value.length <= maximumNameLength
const isText: Test = (value) => typeof value === 'string'
const isHead = { sequence: isCount, chain: isHash }

const first: Shape = { sequence: isCount, time: isTime }
const tokenShape: Shape = { ...first, jti: isName, kid: isName, client_id: isName, digest: isHash }
const markShape: Shape = { ...first, event: isText }
const shapes: Readonly<Record<string, Shape>> = {
  open: {
    ...first,
    event: isText,
    version: (value) => value === 1,
    stream: isStream,
    file: isCount,
    previous: (value) => value === null || hasShape(value, { file: isCount, ...isHead }),
    host: isText,
    pid: isCount,
    seal_interval: (value) => isCount(value) && Number(value) <= maximumSealInterval,
    seen: (value) =>
      Array.isArray(value) &&
      value.length <= maximumSeen &&
      value.every((each) => hasShape(each, { stream: isStream, ...isHead })),
  },
  mark: markShape,
  close: markShape,
  seal: { ...first, event: isText, jws: isText, jwk: isRecord },
}

function isAuditLine(line: Readonly<Record<string, unknown>>): line is AuditLine & Record<string, unknown> {
  const { event } = line
  const shape =
    event === undefined
      ? tokenShape
      : typeof event === 'string' && Object.hasOwn(shapes, event)
        ? shapes[event]
        : undefined
  if (shape === undefined) return false
  return hasShape(line, 'chain' in line ? { ...shape, chain: isHash } : shape)
}

/** Whether the value has these members, in this order, and no others. */
function hasShape(value: unknown, shape: Shape): boolean {
  if (!isRecord(value)) return false
  const names = Object.keys(shape)
  const actual = Object.keys(value)
  return (
    actual.length === names.length &&
    names.every((name, index) => actual[index] === name && shape[name]?.(value[name]) === true)
  )
}
