import { writeSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { dirname } from 'node:path'
import { flushFolder } from '@sealwright/core/internal'

/** What the writer needs of an open file. */
export interface LogFile {
  /** Writes all bytes at the end: before it returns, or before its promise resolves. */
  append(bytes: Buffer): Promise<void> | void
  /** Waits until what was written is on disk (fdatasync), and the name of the file. */
  flush(): Promise<void>
  /** The size in bytes, and how many names the file has: 0 once it is deleted. */
  state(): Promise<{ readonly size: number; readonly links: number }>
  close(): Promise<void>
}

/** Writes bytes from an offset on, and returns how many. */
type WriteNow = (fd: number, bytes: Buffer, offset: number) => number

/** Milliseconds from which a write counts as slow. The page cache takes a batch in a few microseconds. */
const slowWrite = 10
/** Milliseconds after a slow write for which another thread writes. */
const cautionTime = 10_000

/** What is known of a disk. All files of a stream share it. */
export interface DiskState {
  /** Until then, by `performance.now()`, another thread writes. */
  careUntil: number
}

/**
 * Creates a file with mode 600 that can only be appended to.
 *
 * A write by another thread costs more than the write itself, so this thread writes while the disk is fast. After a
 * slow write, another thread does the next ones, so that a slow disk does not block the event loop.
 *
 * @param writeNow `writeSync` of `node:fs`
 * @throws the error of `node:fs`; `EEXIST` when the name is taken
 */
export async function createLogFile(
  path: string,
  disk: DiskState = { careUntil: 0 },
  writeNow: WriteNow = writeSync,
): Promise<LogFile> {
  const handle = await open(path, 'ax', 0o600)
  let isNameFlushed = false

  /** Also of a write that failed. */
  function noteWrite(start: number): void {
    const now = performance.now()
    if (now - start >= slowWrite) disk.careUntil = now + cautionTime
  }

  function appendNow(bytes: Buffer, start: number): void {
    try {
      for (let done = 0; done < bytes.length;) done += writeNow(handle.fd, bytes, done)
    } finally {
      noteWrite(start)
    }
  }

  async function appendElsewhere(bytes: Buffer, start: number): Promise<void> {
    try {
      for (let done = 0; done < bytes.length;) {
        // A write can end early, such as at a limit of the file system; the next one says why.
        // oxlint-disable-next-line no-await-in-loop
        const { bytesWritten } = await handle.write(bytes, done)
        done += bytesWritten
      }
    } finally {
      noteWrite(start)
    }
  }

  return {
    append(bytes) {
      const now = performance.now()
      return now < disk.careUntil ? appendElsewhere(bytes, now) : appendNow(bytes, now)
    },
    async flush() {
      await handle.datasync()
      if (isNameFlushed) return
      await flushFolder(dirname(path))
      isNameFlushed = true
    },
    async state() {
      const { size, nlink } = await handle.stat()
      return { size, links: nlink }
    },
    close: () => handle.close(),
  }
}
