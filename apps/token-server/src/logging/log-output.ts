import { fstatSync, write as writeFile } from 'node:fs'

/** Writes some bytes and calls back with the error, or null, and the number of bytes written. */
export type WriteBytes = (
  bytes: Buffer,
  done: (error: NodeJS.ErrnoException | null, written: number) => void,
) => void

export interface LogOutputOptions {
  /** How many bytes may wait to be written. Default 1 MiB: thousands of lines. */
  readonly maximumBytes?: number
  /** Milliseconds to wait after a failed write. Default 1000. */
  readonly retryAfter?: number
}

/** Milliseconds until the next attempt, when a write failed because the reader is slow. */
const busyRetry = 50

/**
 * Where the log goes: a queue in front of a file, a pipe or a terminal, written in the background. The server never waits
 * for its log. When the disk is full or the reader of the pipe is stuck, lines are dropped once the queue is full; the
 * next line that can be written says how many.
 */
export class LogOutput {
  readonly #writeBytes: WriteBytes
  readonly #maximumBytes: number
  readonly #retryAfter: number
  #waiting: Buffer[] = []
  #waitingBytes = 0
  #dropped = 0
  #isWriting = false
  #idle: (() => void)[] = []

  constructor(
    writeBytes: WriteBytes,
    { maximumBytes = 1024 * 1024, retryAfter = 1000 }: LogOutputOptions = {},
  ) {
    this.#writeBytes = writeBytes
    this.#maximumBytes = maximumBytes
    this.#retryAfter = retryAfter
  }

  /** Writes a line, or several in one buffer; returns at once. */
  write(lines: string | Buffer): void {
    const bytes = Buffer.from(lines)
    if (this.#waitingBytes + bytes.length > this.#maximumBytes) {
      this.#dropped += linesIn(bytes)
      return
    }
    this.#append(bytes)
    if (!this.#isWriting) this.#writeNext()
  }

  /**
   * Waits until everything is written.
   *
   * @param timeout milliseconds
   * @returns false when lines are left after that time
   */
  async flush(timeout: number): Promise<boolean> {
    if (!this.#isWriting) return true
    return new Promise((resolve) => {
      const timer = setTimeout(() => resolve(false), timeout)
      this.#idle.push(() => {
        clearTimeout(timer)
        resolve(true)
      })
    })
  }

  #append(bytes: Buffer): void {
    this.#waiting.push(bytes)
    this.#waitingBytes += bytes.length
  }

  #writeNext(): void {
    if (this.#waiting.length === 0) {
      this.#isWriting = false
      for (const tell of this.#idle.splice(0)) tell()
      return
    }
    this.#isWriting = true
    // The whole queue, in one call.
    const bytes = Buffer.concat(this.#waiting)
    this.#waiting = []
    this.#writeBytes(bytes, (error, written) => {
      const rest = bytes.subarray(written)
      this.#waitingBytes -= written
      if (rest.length > 0) this.#waiting.unshift(rest)
      if (error === null) {
        this.#reportDropped()
        this.#writeNext()
        return
      }
      const delay = error.code === 'EAGAIN' ? busyRetry : this.#retryAfter
      // The timer must not keep the process alive.
      setTimeout(() => this.#writeNext(), delay).unref()
    })
  }

  #reportDropped(): void {
    if (this.#dropped === 0) return
    const [time, lines] = [Date.now(), this.#dropped]
    this.#dropped = 0
    // As pino writes a warning.
    this.#append(
      Buffer.from(`${JSON.stringify({ level: 40, time, lines, msg: 'log lines were dropped' })}\n`),
    )
  }
}

const newline = 0x0a

function linesIn(bytes: Buffer): number {
  return bytes.filter((byte) => byte === newline).length
}

/** What is used of `process.stdout`. */
interface Stdout {
  readonly fd: number
  on(event: 'error', listener: () => void): unknown
  write(bytes: Buffer, done: (error?: Error | null) => void): unknown
}

/**
 * Writes to the standard output of this process.
 *
 * A file or a terminal is written by `fs.write`, whose errors are given to the caller. A pipe or a socket is written through
 * `process.stdout`, which does not block: a thread that is blocked in a write would keep the process from exiting.
 */
export function standardOutput(stdout: Stdout = process.stdout): WriteBytes {
  // The reader is gone; the callback of the write gets the error as well.
  stdout.on('error', () => undefined)
  const type = fstatSync(stdout.fd)
  if (type.isFile() || type.isCharacterDevice())
    return (bytes, done) => writeFile(stdout.fd, bytes, 0, bytes.length, null, done)
  return (bytes, done) => {
    stdout.write(bytes, (error) => done(error ?? null, error instanceof Error ? 0 : bytes.length))
  }
}
