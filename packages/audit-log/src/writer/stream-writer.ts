import { hostname } from 'node:os'
import { join } from 'node:path'
import { chainPlaceholder, finishBatch, start, type Head } from '../format/chain.ts'
import { formatFileName, newStream } from '../format/file-names.ts'
import { fragment, type SeenHead } from '../format/lines.ts'
import { createLogFile, type LogFile } from './log-file.ts'

export interface StreamOptions {
  readonly folder: string
  readonly durable: boolean
  /** Bytes after which the next file begins. */
  readonly maximumFileSize: number
  /** Milliseconds after which the next file begins. */
  readonly maximumFileAge: number
  /** Seconds between two seals, for the verifier. */
  readonly sealInterval: number
  /** The ends of the other streams. */
  readonly seen: readonly SeenHead[]
  readonly clock: () => Date
  /** A new file is in use. */
  readonly onOpened: (path: string) => void
  /** Default: a file on disk. */
  readonly createFile?: ((path: string) => Promise<LogFile>) | undefined
}

interface OpenFile {
  readonly path: string
  readonly number: number
  readonly handle: LogFile
  readonly openedAt: number
  /** What is written of it: whole batches. */
  size: number
}

/**
 * Writes the batches of one stream into its files. It never changes or removes what is written: when a write fails halfway,
 * the rest of that file stays as it is and the next batch goes into a new file.
 */
export class StreamWriter {
  readonly stream: string
  readonly #options: StreamOptions
  readonly #createFile: (path: string) => Promise<LogFile>
  #file: OpenFile | null = null
  #fileNumber = 0
  #path: string
  #head: Head = start
  /** The file that has {@link head}. */
  #headFile = 0

  constructor(options: StreamOptions) {
    this.stream = newStream(options.clock())
    this.#options = options
    const disk = { careUntil: 0 }
    this.#createFile = options.createFile ?? ((path) => createLogFile(path, disk))
    this.#path = this.#pathOf(1)
  }

  /** The last line that is written, and its chain value. */
  get head(): Head {
    return this.#head
  }

  /** The file that the last batch was written to, or would have been. */
  get path(): string {
    return this.#path
  }

  /**
   * Writes a batch: all of it, or the promise rejects and the batch does not count. One call at a time.
   *
   * @param fragments the lines, as {@link fragment} makes them
   * @throws the error of `node:fs`
   */
  async write(fragments: readonly string[]): Promise<void> {
    const now = this.#options.clock()
    const file = await this.#fileAt(now)
    const isFirst = file.size === 0
    const lines = isFirst ? [this.#openFragment(file.number), ...fragments] : fragments
    const { bytes, head } = encodeBatch(lines, this.#head, now)
    try {
      await file.handle.append(bytes)
      if (this.#options.durable) await file.handle.flush()
    } catch (error) {
      await this.#leaveIfTorn(file)
      throw error
    }
    file.size += bytes.length
    this.#head = head
    this.#headFile = file.number
    if (isFirst) this.#options.onOpened(file.path)
  }

  /**
   * Whether the file is unchanged. If another program has changed or deleted it, the next batch goes into a new file.
   *
   * @throws the error of `node:fs`
   */
  async isIntact(): Promise<boolean> {
    const file = this.#file
    if (file === null) return true
    const { size, links } = await file.handle.state()
    if (links > 0 && size === file.size) return true
    await this.close()
    return false
  }

  async close(): Promise<void> {
    const file = this.#file
    this.#file = null
    await file?.handle.close()
  }

  async #fileAt(now: Date): Promise<OpenFile> {
    const { maximumFileSize, maximumFileAge } = this.#options
    const age = now.getTime() - (this.#file?.openedAt ?? 0)
    // A clock that was set back makes no file old.
    if (this.#file !== null && (this.#file.size >= maximumFileSize || age >= maximumFileAge))
      await this.close()
    if (this.#file !== null) return this.#file
    const number = this.#fileNumber + 1
    const path = this.#pathOf(number)
    this.#path = path
    const handle = await this.#createFile(path)
    this.#fileNumber = number
    this.#file = { path, number, handle, openedAt: now.getTime(), size: 0 }
    return this.#file
  }

  /** After a failed write the file may contain part of the batch, or all of it. An unchanged file can be used again. */
  async #leaveIfTorn(file: OpenFile): Promise<void> {
    const state = await file.handle.state().catch(() => null)
    if (state?.size !== file.size) await this.close().catch(() => undefined)
  }

  #openFragment(number: number): string {
    const { sealInterval, seen } = this.#options
    return fragment({
      event: 'open',
      version: 1,
      stream: this.stream,
      file: number,
      previous: this.#head === start ? null : { file: this.#headFile, ...this.#head },
      host: hostname(),
      pid: process.pid,
      seal_interval: sealInterval,
      seen: this.#head === start ? seen : [],
    })
  }

  #pathOf(number: number): string {
    return join(this.#options.folder, formatFileName({ stream: this.stream, number }))
  }
}

function encodeBatch(
  fragments: readonly string[],
  previous: Head,
  now: Date,
): { readonly bytes: Buffer; readonly head: Head } {
  const time = `,"time":"${now.toISOString()}",`
  let { sequence } = previous
  let text = ''
  for (const each of fragments) text += `${text === '' ? '' : '}\n'}{"sequence":${++sequence}${time}${each}`
  const bytes = Buffer.from(`${text}${chainPlaceholder}\n`)
  return { bytes, head: { sequence, chain: finishBatch(previous.chain, bytes) } }
}
