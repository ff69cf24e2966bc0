import { join } from 'node:path'
import { invalidArgument, isRecord, limitExceeded } from '@sealwright/core/internal'
import { formatFileName, isStream, type FileName } from '../format/file-names.ts'
import { maximumLineLength, parseLine, type AuditLine, type SeenHead } from '../format/lines.ts'
import { readLines } from './read-lines.ts'
import type { Claim } from './report.ts'

/** The claims about one stream, by line number. */
export type StreamClaims = ReadonlyMap<number, readonly Claim[]>

/** How many claims are kept, which takes some 300 MB. */
const maximumClaims = 1_000_000

/** How many claims of one line are kept. Two that differ prove that the stream was changed. */
const maximumClaimsOfLine = 10

/**
 * The known places of each stream, from an earlier report and from streams that began later.
 *
 * @param expected the streams of that report; it may come from a file, so it is checked
 * @throws SealwrightError `INVALID_ARGUMENT`; `LIMIT_EXCEEDED` for more than `maximum` claims
 */
export async function readClaims(
  folder: string,
  streams: ReadonlyMap<string, readonly FileName[]>,
  expected: readonly unknown[],
  maximum: number = maximumClaims,
): Promise<ReadonlyMap<string, StreamClaims>> {
  const claims = new Claims(folder, maximum)
  for (const [index, each] of expected.entries()) {
    const head = expectedHead(each, index)
    if (head !== null) claims.add(head, 'the earlier report')
  }
  for (const [stream, [first]] of streams) {
    if (first?.number !== 1) continue
    // oxlint-disable-next-line no-await-in-loop
    const line = await readFirstLine(join(folder, formatFileName(first)))
    if (line === null || !('event' in line) || line.event !== 'open') continue
    const source = `the stream ${stream}`
    for (const head of line.seen) claims.add(head, source)
  }
  return claims.byStream
}

class Claims {
  readonly byStream = new Map<string, Map<number, Claim[]>>()
  readonly #folder: string
  readonly #maximum: number
  #count = 0

  constructor(folder: string, maximum: number) {
    this.#folder = folder
    this.#maximum = maximum
  }

  /** Most streams were seen by many others, and always with the same end: that is one claim. */
  add({ stream, sequence, chain }: SeenHead, source: string): void {
    const bySequence = getOrInsert(this.byStream, stream, () => new Map<number, Claim[]>())
    const claims = getOrInsert(bySequence, sequence, () => [])
    if (claims.length === maximumClaimsOfLine || claims.some((claim) => claim.chain === chain)) return
    if (++this.#count > this.#maximum) {
      throw limitExceeded(this.#folder, this.#count, 'ends of streams, as others saw them', this.#maximum)
    }
    claims.push({ stream, sequence, chain, source })
  }
}

function getOrInsert<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  const known = map.get(key)
  if (known !== undefined) return known
  const value = make()
  map.set(key, value)
  return value
}

function expectedHead(value: unknown, index: number): SeenHead | null {
  const { stream, head } = isRecord(value) ? value : {}
  if (isStream(stream) && head === null) return null
  if (isStream(stream) && isRecord(head)) {
    const { sequence, chain } = head
    if (typeof sequence === 'number' && typeof chain === 'string') return { stream, sequence, chain }
  }
  throw invalidArgument(
    `options.expected[${index}] must be a stream of an earlier report, with stream and head`,
  )
}

async function readFirstLine(path: string): Promise<AuditLine | null> {
  let first: AuditLine | null = null
  await readLines(
    path,
    ({ number, bytes, isWhole }) => {
      if (number === 1 && isWhole) first = parseLine(bytes.toString())
    },
    maximumLineLength + 1,
  )
  return first
}
