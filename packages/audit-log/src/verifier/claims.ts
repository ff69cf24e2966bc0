import { join } from 'node:path'
import { invalidArgument, isRecord } from '@sealwright/core/internal'
import { formatFileName, isStream, type FileName } from '../format/file-names.ts'
import { maximumLineLength, parseLine, type AuditLine, type SeenHead } from '../format/lines.ts'
import { readLines } from './read-lines.ts'
import type { Claim } from './report.ts'

/**
 * Where each stream is known to have been: by an earlier report, and by the streams that were begun later.
 *
 * @param expected the streams of that report; it may come from a file, so it is checked
 * @throws SealwrightError `INVALID_ARGUMENT`
 */
export async function readClaims(
  folder: string,
  streams: ReadonlyMap<string, readonly FileName[]>,
  expected: readonly unknown[],
): Promise<ReadonlyMap<string, readonly Claim[]>> {
  const claims = new Claims()
  for (const [index, each] of expected.entries()) {
    const head = expectedHead(each, index)
    if (head !== null) claims.add({ ...head, source: 'the earlier report' })
  }
  for (const [stream, [first]] of streams) {
    if (first?.number !== 1) continue
    // oxlint-disable-next-line no-await-in-loop
    const line = await readFirstLine(join(folder, formatFileName(first)))
    if (line === null || !('event' in line) || line.event !== 'open') continue
    for (const head of line.seen) claims.add({ ...head, source: `the stream ${stream}` })
  }
  return claims.byStream
}

class Claims {
  readonly byStream = new Map<string, Claim[]>()
  readonly #known = new Set<string>()

  /** Most streams were seen by many others, and always with the same end. */
  add(claim: Claim): void {
    const key = `${claim.stream} ${claim.sequence} ${claim.chain}`
    if (this.#known.has(key)) return
    this.#known.add(key)
    const same = this.byStream.get(claim.stream)
    if (same === undefined) this.byStream.set(claim.stream, [claim])
    else same.push(claim)
  }
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
