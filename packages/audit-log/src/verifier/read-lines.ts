import { constants } from 'node:fs'
import { open } from 'node:fs/promises'
import { SealwrightError } from '@sealwright/core'
import { maximumLineLength } from '../format/lines.ts'

/** A line of a file. */
export interface FileLine {
  /** From 1. */
  readonly number: number
  /** Without the line break. Of a line that is too long, its beginning. */
  readonly bytes: Buffer
  /** Whether the line ends with a line break and is not too long. */
  readonly isWhole: boolean
}

/**
 * Reads the lines of a file, of any size, in constant memory.
 *
 * @param bytes how many of the file; default all
 * @throws SealwrightError `NOT_FOUND`, `ACCESS_DENIED`, `UNAVAILABLE`, or `INVALID_ENCODING` when it is not a regular file
 */
export async function readLines(
  path: string,
  onLine: (line: FileLine) => void,
  bytes: number = Number.POSITIVE_INFINITY,
): Promise<void> {
  try {
    // Without O_NONBLOCK, opening a named pipe blocks. Windows has neither.
    const handle = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0))
    try {
      if (!(await handle.stat()).isFile())
        throw new SealwrightError('INVALID_ENCODING', `${path} is not a file`)
      const splitter = new Splitter(onLine)
      const options = { autoClose: false, highWaterMark: 256 * 1024, end: bytes - 1 }
      const chunks: AsyncIterable<Buffer> = handle.createReadStream(options)
      for await (const chunk of chunks) splitter.add(chunk)
      splitter.end()
    } finally {
      await handle.close()
    }
  } catch (error) {
    throw error instanceof SealwrightError ? error : unreadable(path, error)
  }
}

/** @param path of a file or a folder */
export function unreadable(path: string, cause: unknown): SealwrightError {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : String(cause)
  if (code === 'ENOENT') return new SealwrightError('NOT_FOUND', `${path}: no such file or folder`, { cause })
  const isDenied = code === 'EACCES' || code === 'EPERM'
  return new SealwrightError(isDenied ? 'ACCESS_DENIED' : 'UNAVAILABLE', `${path} cannot be read (${code})`, {
    cause,
  })
}

/** Splits chunks into lines. */
export class Splitter {
  readonly #onLine: (line: FileLine) => void
  #number = 0
  /** The beginning of a line that is not over yet. */
  #rest: Buffer = Buffer.alloc(0)
  #isTooLong = false

  constructor(onLine: (line: FileLine) => void) {
    this.#onLine = onLine
  }

  add(chunk: Buffer): void {
    let begin = 0
    for (let end = chunk.indexOf(0x0a); end !== -1; end = chunk.indexOf(0x0a, begin)) {
      this.#keep(chunk.subarray(begin, end))
      this.#emit(true)
      begin = end + 1
    }
    this.#keep(chunk.subarray(begin))
  }

  end(): void {
    if (this.#rest.length > 0) this.#emit(false)
  }

  #keep(bytes: Buffer): void {
    // Usually a line is in one chunk and needs no copy.
    const all = this.#rest.length === 0 ? bytes : Buffer.concat([this.#rest, bytes])
    this.#isTooLong ||= all.length > maximumLineLength
    this.#rest = all.subarray(0, maximumLineLength)
  }

  #emit(hasLineBreak: boolean): void {
    this.#number++
    this.#onLine({ number: this.#number, bytes: this.#rest, isWhole: hasLineBreak && !this.#isTooLong })
    this.#rest = Buffer.alloc(0)
    this.#isTooLong = false
  }
}
