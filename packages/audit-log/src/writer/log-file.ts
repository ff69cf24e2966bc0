import { open } from 'node:fs/promises'

/** What the writer needs of an open file. */
export interface LogFile {
  /** Writes all bytes at the end. */
  append(bytes: Buffer): Promise<void>
  /** Waits until what was written is on disk (fdatasync). */
  flush(): Promise<void>
  /** The size in bytes, and how many names the file has: 0 once it is deleted. */
  state(): Promise<{ readonly size: number; readonly links: number }>
  close(): Promise<void>
}

/**
 * Creates a file with mode 600 that can only be appended to.
 *
 * @throws the error of `node:fs`; `EEXIST` when the name is taken
 */
export async function createLogFile(path: string): Promise<LogFile> {
  const handle = await open(path, 'ax', 0o600)
  return {
    async append(bytes) {
      for (let done = 0; done < bytes.length;) {
        // A write can end early, such as at a limit of the file system; the next one says why.
        // oxlint-disable-next-line no-await-in-loop
        const { bytesWritten } = await handle.write(bytes, done)
        done += bytesWritten
      }
    },
    flush: () => handle.datasync(),
    async state() {
      const { size, nlink } = await handle.stat()
      return { size, links: nlink }
    },
    close: () => handle.close(),
  }
}
