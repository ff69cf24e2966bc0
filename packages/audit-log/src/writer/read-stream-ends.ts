import { constants } from 'node:fs'
import { open, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { splitChain } from '../format/chain.ts'
import { formatFileName, groupByStream, type FileName } from '../format/file-names.ts'
import { maximumLineLength, maximumSeen, parseLine, type SeenHead } from '../format/lines.ts'

/**
 * Where the newest streams in a folder end now. A new stream names them in its first line, so that the verifier notices when
 * one of them is cut off or deleted later.
 *
 * @throws the error of `node:fs`
 */
export async function readSeenHeads(folder: string): Promise<readonly SeenHead[]> {
  const streams = [...groupByStream(await readdir(folder)).values()].slice(-maximumSeen)
  const heads: SeenHead[] = []
  for (const files of streams) {
    // One after the other: there may be a hundred.
    // oxlint-disable-next-line no-await-in-loop
    const head = await readHead(folder, files)
    if (head !== null) heads.push(head)
  }
  return heads
}

async function readHead(folder: string, files: readonly FileName[]): Promise<SeenHead | null> {
  // After a full disk there can be files without a whole line.
  for (const file of files.toReversed().slice(0, 3)) {
    // oxlint-disable-next-line no-await-in-loop
    const head = findHead(file.stream, await readEnd(join(folder, formatFileName(file))))
    if (head !== null) return head
  }
  return null
}

/** The last line of a whole batch. */
function findHead(stream: string, end: Buffer): SeenHead | null {
  for (let stop = end.lastIndexOf(0x0a); stop > 0;) {
    const begin = end.lastIndexOf(0x0a, stop - 1)
    const line = end.subarray(begin + 1, stop)
    const parsed = splitChain(line) === null ? null : parseLine(line.toString())
    if (parsed?.chain !== undefined) return { stream, sequence: parsed.sequence, chain: parsed.chain }
    stop = begin
  }
  return null
}

/** The last lines of a file; empty if it cannot be read. */
async function readEnd(path: string): Promise<Buffer> {
  // Without O_NONBLOCK, opening a named pipe blocks. Windows has neither.
  const handle = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0)).catch(() => null)
  if (handle === null) return Buffer.alloc(0)
  try {
    const stats = await handle.stat()
    const size = stats.isFile() ? stats.size : 0
    const buffer = Buffer.alloc(Math.min(size, 4 * maximumLineLength))
    if (size === 0) return buffer
    const { bytesRead } = await handle.read(buffer, 0, buffer.length, size - buffer.length)
    return buffer.subarray(0, bytesRead)
  } finally {
    await handle.close()
  }
}
