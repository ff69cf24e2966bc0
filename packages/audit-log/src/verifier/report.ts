import type { Head } from '../format/chain.ts'
import type { SeenHead } from '../format/lines.ts'

/** What is wrong with a log, or cannot be known of it. */
export type AuditFindingId =
  | 'chain-broken'
  | 'line-invalid'
  | 'seal-invalid'
  | 'seal-untrusted'
  | 'seals-missing'
  | 'file-missing'
  | 'stream-missing'
  | 'stream-cut'
  | 'stream-differs'
  | 'torn'
  | 'open-end'
  | 'keys-unchecked'

/** Something that the verifier found. */
export interface AuditFinding {
  /** Stable, for programs; the README explains each. */
  readonly id: AuditFindingId
  /**
   * An `error` means that the log differs from what the server wrote. A `warning` means that something cannot be
   * verified.
   */
  readonly severity: 'error' | 'warning'
  /** The stream; null for a finding of the folder. */
  readonly stream: string | null
  /** The name of the file in the folder; null for a finding of a stream or of the folder. */
  readonly file: string | null
  /** The line in the file, from 1; null for a finding of a whole file. */
  readonly line: number | null
  /** For people. */
  readonly message: string
}

/** The contents of one stream. */
export interface AuditStream {
  /** Its name, which is in the names of its files. */
  readonly stream: string
  /** How many files of it are there. */
  readonly files: number
  /** How many lines, without those of a batch that is not complete. */
  readonly lines: number
  /** How many of the lines are tokens. */
  readonly tokens: number
  /** The time of the first line, as ISO 8601 in UTC; null if there is no line. */
  readonly from: string | null
  /** The time of the last line; null if there is no line. */
  readonly to: string | null
  /** A valid seal covers everything up to this line; null without a valid seal. */
  readonly sealed: { readonly sequence: number; readonly time: string } | null
  /** Whether the server closed the stream, so that nothing can follow. */
  readonly isClosed: boolean
  /** The last whole batch; null if there is none. */
  readonly head: Head | null
}

/** The result of {@link verifyAuditLog}. */
export interface AuditReport {
  /** Whether there is no finding with the severity `error`. */
  readonly ok: boolean
  /** The oldest first. */
  readonly streams: readonly AuditStream[]
  /** At most 1000 of each severity. */
  readonly findings: readonly AuditFinding[]
  /** How many findings there are beyond those listed. */
  readonly moreFindings: number
}

const maximumFindings = 1000

/** Collects findings; the first ones of each severity are kept. */
export class Findings {
  readonly list: AuditFinding[] = []
  readonly #counts = { error: 0, warning: 0 }

  add(finding: AuditFinding): void {
    if (++this.#counts[finding.severity] <= maximumFindings) this.list.push(finding)
  }

  get hasErrors(): boolean {
    return this.#counts.error > 0
  }

  get more(): number {
    return this.#counts.error + this.#counts.warning - this.list.length
  }
}

/** A known place of a stream, and its source. */
export interface Claim extends SeenHead {
  /** Completes the sentence "… had it". */
  readonly source: string
}
