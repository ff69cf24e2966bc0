import { hash } from 'node:crypto'
import { types } from 'node:util'
import type { SealwrightError, Signer } from '@sealwright/core'
import { must } from '@sealwright/core/internal'
import type { Head } from '../format/chain.ts'
import { maximumNameLength } from '../format/lines.ts'
import { Batches } from './batches.ts'
import { closed } from './failures.ts'
import { Sealer } from './sealer.ts'
import type { StreamWriter } from './stream-writer.ts'

/** A token that is about to be handed out. */
export interface AuditEntry {
  /** The claim `jti`: 1 to 1024 characters. */
  readonly jti: string
  /** The `kid` of the key that signed it. */
  readonly keyId: string
  /** The OAuth client that it is for. */
  readonly clientId: string
  /** The JWS Signing Input (RFC 7515 §5.1): the token up to its last dot. Its SHA-256 is recorded. */
  readonly signingInput: string | Uint8Array
}

/** What happened to an audit log, for the log of the program. */
export type AuditLogEvent =
  /** A new file is in use. */
  | { readonly type: 'opened'; readonly file: string }
  /** Lines cannot be written. `record` throws until `recovered`. */
  | { readonly type: 'failed'; readonly error: SealwrightError }
  /** Lines can be written again. */
  | { readonly type: 'recovered'; readonly file: string }
  /** The stream is sealed up to this line. Kept elsewhere, this shows later that the end was not cut off. */
  | { readonly type: 'sealed'; readonly stream: string; readonly sequence: number; readonly chain: string }
  /** The stream could not be sealed. The next attempt is after the seal interval. */
  | { readonly type: 'seal-failed'; readonly error: unknown }
  /** Another program has changed or deleted the file in use. The log goes on in a new file. */
  | { readonly type: 'file-changed'; readonly file: string }

/** An audit log that is open. */
export interface AuditLog {
  /** The name of the stream that this log writes. It is in the name of each of its files. */
  readonly stream: string
  /**
   * Records a token. Wait for the promise before you hand out the token.
   *
   * @throws SealwrightError `INVALID_ARGUMENT`; `UNAVAILABLE`, with `retryAfter`, if the line cannot be written now: the disk is full,
   *   too many lines are waiting, or a write by another thread takes longer than 3 seconds
   */
  record(entry: AuditEntry): Promise<void>
  /**
   * Throws what {@link record} would throw now. Call it before you sign, to save the signature of a token that cannot be recorded.
   *
   * @throws SealwrightError `UNAVAILABLE`
   */
  assertWritable(): void
  /**
   * Whether the log was writable at the last attempt. It is false from the event `failed` to the event `recovered`, and after
   * {@link close}. Unlike {@link assertWritable} it stays false between two attempts, so use it for health checks.
   */
  readonly isWritable: boolean
  /** Writes what is left, seals it, and closes the file. It never throws: a failure is an event. */
  close(): Promise<void>
}

export interface SealedWriterOptions {
  readonly signer: () => Signer
  /** Seconds. */
  readonly sealInterval: number
  readonly onEvent: (event: AuditLogEvent) => void
}

/** Writes one stream in batches, and seals it. */
export class SealedWriter implements AuditLog {
  readonly stream: string
  readonly #writer: StreamWriter
  readonly #batches: Batches
  readonly #sealer: Sealer
  readonly #onEvent: (event: AuditLogEvent) => void
  readonly #timer: NodeJS.Timeout
  #isCheckDue = false
  #isClosed = false

  constructor(writer: StreamWriter, { signer, sealInterval, onEvent }: SealedWriterOptions) {
    this.stream = writer.stream
    this.#writer = writer
    this.#onEvent = onEvent
    this.#batches = new Batches({
      write: (lines) => this.#write(lines),
      path: () => writer.path,
      onFailed: (error) => onEvent({ type: 'failed', error }),
      onRecovered: () => onEvent({ type: 'recovered', file: writer.path }),
    })
    this.#sealer = new Sealer({
      stream: writer.stream,
      signer,
      mark: (line) => this.#mark(line),
      write: (line) => this.#batches.add(line),
      onSealed: (head) => onEvent({ type: 'sealed', stream: writer.stream, ...head }),
    })
    this.#timer = setInterval(() => void this.#onInterval(), sealInterval * 1000).unref()
  }

  /**
   * Writes the first lines and seals them.
   *
   * @throws what the signer and the file throw
   */
  async open(): Promise<void> {
    try {
      await this.#sealer.seal('mark')
    } catch (error) {
      await this.#end()
      throw error
    }
  }

  // Not an async function: all tokens of a batch share one promise.
  record(entry: AuditEntry): Promise<void> {
    try {
      const line = tokenFragment(entry)
      this.assertWritable()
      this.#sealer.added()
      return this.#batches.add(line)
    } catch (error) {
      return Promise.reject(error)
    }
  }

  assertWritable(): void {
    if (this.#isClosed) throw closed()
    this.#batches.assertWritable()
  }

  get isWritable(): boolean {
    return !this.#isClosed && this.#batches.isWritable
  }

  async close(): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    try {
      await this.#sealer.seal('close')
    } catch (error) {
      this.#onEvent({ type: 'seal-failed', error })
    }
    await this.#end()
  }

  async #end(): Promise<void> {
    this.#isClosed = true
    clearInterval(this.#timer)
    await this.#writer.close().catch(() => undefined)
  }

  async #mark(line: string): Promise<Head> {
    await this.#batches.addLast(line)
    // Still that of the mark: the next batch is not written before the next turn of the event loop.
    return this.#writer.head
  }

  async #write(lines: readonly string[]): Promise<void> {
    if (this.#isCheckDue) {
      this.#isCheckDue = false
      const file = this.#writer.path
      if (!(await this.#writer.isIntact())) this.#onEvent({ type: 'file-changed', file })
    }
    await this.#writer.write(lines)
  }

  async #onInterval(): Promise<void> {
    this.#isCheckDue = true
    try {
      await this.#sealer.sealIfNeeded()
    } catch (error) {
      this.#onEvent({ type: 'seal-failed', error })
    }
  }
}

/** The line of a token without its number and its time. Written out instead of stringified: this runs for every token. */
function tokenFragment({ jti, keyId, clientId, signingInput }: AuditEntry): string {
  aName('entry.jti', jti)
  aName('entry.keyId', keyId)
  aName('entry.clientId', clientId)
  aSigningInput('entry.signingInput', signingInput)
  const digest = hash('sha256', signingInput, 'base64url')
  return `"jti":${quote(jti)},"kid":${quote(keyId)},"client_id":${quote(clientId)},"digest":"${digest}"`
}

/** As JSON. Usual names need no escapes. */
function quote(name: string): string {
  return /^[\w.:-]+$/.test(name) ? `"${name}"` : JSON.stringify(name)
}

const aName = must(
  `a string of 1 to ${maximumNameLength} characters`,
  (value) => typeof value === 'string' && value !== '' && value.length <= maximumNameLength,
)

const aSigningInput = must(
  'a non-empty string or Uint8Array',
  (value) => (typeof value === 'string' || types.isUint8Array(value)) && value.length > 0,
)
